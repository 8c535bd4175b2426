/** The passages of a dataset by likeness to a question, within one title: BM25 of SQLite FTS5, as retrieval has it. */
import Database from 'better-sqlite3'
import type { SquadExample } from '../text/squad.js'

const NEAREST = 10

export class PassageSearch implements Disposable {
  readonly #database = new Database(':memory:')
  readonly #select: Database.Statement<[string, string, number], string>

  /** @param examples those whose contexts may be found */
  constructor(examples: readonly SquadExample[]) {
    this.#database.exec("CREATE VIRTUAL TABLE passage USING fts5(title UNINDEXED, text, tokenize = 'porter unicode61')")
    const insert = this.#database.prepare('INSERT INTO passage (title, text) VALUES (?, ?)')
    const titles = new Map(examples.map(({ title, context }) => [context, title]))
    this.#database.transaction(() => {
      for (const [context, title] of titles) insert.run(title, context)
    })()
    this.#select = this.#database
      .prepare<[string, string, number], string>(
        'SELECT text FROM passage WHERE passage MATCH ? AND title = ? ORDER BY rank LIMIT ?',
      )
      .pluck()
  }

  /** Nearest first. */
  near({ question, title }: Pick<SquadExample, 'question' | 'title'>): string[] {
    const words = question.match(/[\p{L}\p{N}]+/gu) ?? []
    if (words.length === 0) return []
    return this.#select.all(words.map((word) => `"${word}"`).join(' OR '), title, NEAREST)
  }

  [Symbol.dispose](): void {
    this.#database.close()
  }
}
