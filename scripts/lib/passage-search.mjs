/** The passages of a SQuAD file by likeness to a question, within one title: BM25 of SQLite FTS5, as the product retrieves. */
import Database from 'better-sqlite3'

const NEAREST = 10

export class PassageSearch {
  #database = new Database(':memory:')
  #select

  /** @param examples those whose contexts may be found */
  constructor(examples) {
    this.#database.exec("CREATE VIRTUAL TABLE passage USING fts5(title UNINDEXED, text, tokenize = 'porter unicode61')")
    const insert = this.#database.prepare('INSERT INTO passage (title, text) VALUES (?, ?)')
    const distinct = new Map(examples.map(({ title, context }) => [context, title]))
    this.#database.transaction(() => {
      for (const [context, title] of distinct) insert.run(title, context)
    })()
    this.#select = this.#database
      .prepare('SELECT text FROM passage WHERE passage MATCH ? AND title = ? ORDER BY rank LIMIT ?')
      .pluck()
  }

  /** Nearest first. */
  near({ question, title }) {
    const words = question.match(/[\p{L}\p{N}]+/gu) ?? []
    if (words.length === 0) return []
    return this.#select.all(words.map((word) => `"${word}"`).join(' OR '), title, NEAREST)
  }

  close() {
    this.#database.close()
  }
}
