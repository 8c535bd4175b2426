/**
 * What GraphiQL opens with. A test runs every one of them, so that none goes stale. Values stand in the operations: the tab
 * that GraphiQL opens with does not get the variables it is given (seen with GraphiQL 5 in Chromium).
 */
export const EXAMPLE_OPERATIONS: readonly string[] = [
  `# Ask the documents. The answer is a quote, or nothing.
query Ask {
  ask(question: "How long do I have to wait before I can file another appeal?") {
    interactionId
    abstained
    noAnswerProbability
    answers {
      id
      text
      confidence
      start
      end
      context
      document { id title }
    }
    modelVersion
    timings { totalMs }
  }
}
`,
  `# What do we have, and is it ready?
query Documents {
  health { ready chunks modelVersion queuedJobs runningJobs }
  documents(first: 10) {
    edges { node { id title status currentVersion chunkCount collection { name } } }
    pageInfo { hasNextPage endCursor }
  }
}
`,
  `# Add a text. The job ends when questions find it.
mutation Add {
  addDocument(
    input: {
      title: "Opening hours"
      text: "The reading room is open from nine to six on weekdays. On Saturdays it closes at one."
      externalId: "opening-hours"
    }
  ) { id status document { id } }
}
`,
  `# Corrections wait here for a review; an accepted one is what training learns from.
query Corrections {
  corrections(first: 10, status: PENDING) {
    edges { node { id verdict comment span { text document { title } } interaction { question } } }
  }
}
`,
  `# Which reader answers, and what was it measured at?
query Models {
  modelVersions { id current parent createdAt manifest }
  promotions { modelVersion kind reason createdAt }
}
`,
]
