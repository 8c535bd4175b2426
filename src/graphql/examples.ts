/** What GraphiQL opens with. A test runs every one of them, so that none goes stale. */
export interface ExampleOperation {
  readonly query: string
  readonly variables?: Readonly<Record<string, unknown>>
}

export const EXAMPLE_OPERATIONS: readonly ExampleOperation[] = [
  {
    query: `# Ask the documents. The answer is a quote, or nothing.
query Ask($question: String!) {
  ask(question: $question) {
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
    variables: { question: 'How long do I have to wait before I can file another appeal?' },
  },
  {
    query: `# What do we have, and is it ready?
query Documents {
  health { ready chunks modelVersion queuedJobs runningJobs }
  documents(first: 10) {
    edges { node { id title status currentVersion chunkCount collection { name } } }
    pageInfo { hasNextPage endCursor }
  }
}
`,
  },
  {
    query: `# Add a text. The job ends when questions find it.
mutation Add($input: AddDocumentInput!) {
  addDocument(input: $input) { id status document { id } }
}
`,
    variables: {
      input: {
        title: 'Opening hours',
        text: 'The reading room is open from nine to six on weekdays. On Saturdays it closes at one.',
        externalId: 'opening-hours',
      },
    },
  },
  {
    query: `# Corrections wait here for a review; an accepted one is what training learns from.
query Corrections {
  corrections(first: 10, status: PENDING) {
    edges { node { id verdict comment span { text document { title } } interaction { question } } }
  }
}
`,
  },
  {
    query: `# Which reader answers, and what was it measured at?
query Models {
  modelVersions { id current parent createdAt manifest }
  promotions { modelVersion kind reason createdAt }
}
`,
  },
]
