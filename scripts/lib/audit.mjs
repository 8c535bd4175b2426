/**
 * What a data directory holds, counted past the server that wrote it, and whatever in it contradicts something else: for
 * tests and benchmarks that kill servers. No server may run on it.
 */
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import Database from 'better-sqlite3'

/** Each selects what must not be there. */
const CONTRADICTIONS = {
  'a chunk without words': 'select seq from chunks where seq not in (select rowid from chunk_words)',
  'words without a chunk': 'select rowid from chunk_words where rowid not in (select seq from chunks)',
  'a chunk without a vector': 'select seq from chunks where seq not in (select seq from chunk_vectors)',
  'a vector without a chunk': 'select seq from chunk_vectors where seq not in (select seq from chunks)',
  'a chunk of a version that is not current': `select seq from chunks left join documents on id = document_id
    where status is null or status = 'DELETED' or current_version != version`,
  'a chunk that is there twice, or one that is missing': `select document_id from chunks group by document_id
    having count(*) != count(distinct ordinal) or max(ordinal) != count(*) - 1`,
  'a document that answers without a chunk': `select id from documents
    where status = 'READY' and id not in (select document_id from chunks)`,
  'a document whose versions have a gap': `select document_id from document_versions
    group by document_id having max(version) != count(*)`,
  'a text of a deleted document': `select document_id from text_pieces join documents on id = document_id
    where status = 'DELETED'`,
  'a document that is still being processed': "select id from documents where status = 'PROCESSING'",
  'a job that has not ended': "select id from jobs where status in ('QUEUED', 'RUNNING')",
  'a version whose file nobody holds': `select document_id from document_versions join documents on id = document_id
    where status != 'DELETED' and not exists (
      select 1 from originals where hash = original_hash and originals.document_id = document_versions.document_id)`,
}

/**
 * @param {{ dataDir: string, indexDir: string }} folders
 * @returns {Promise<{ documents: number, names: number, versions: number, chunks: number, words: number, vectors: number, originals: number,
 *   attempts: number, problems: string[] }>} `attempts`: the most that a job needed
 */
export async function auditData({ dataDir, indexDir }) {
  const database = new Database(join(dataDir, 'docent.sqlite'), { readonly: true })
  try {
    const count = (sql) => database.prepare(`select count(*) from ${sql}`).pluck().get()
    const problems = Object.entries(CONTRADICTIONS).flatMap(([what, sql]) => {
      const found = database.prepare(sql).pluck().all()
      return found.length === 0 ? [] : [`${what}: ${found.slice(0, 3).join(', ')} (${found.length})`]
    })
    const integrity = database.pragma('integrity_check', { simple: true })
    if (integrity !== 'ok') problems.push(`SQLite: ${integrity}`)
    const held = new Set(database.prepare('select hash from originals').pluck().all())
    const onDisk = (await namesIn(join(dataDir, 'originals'))).filter((name) => name !== '.incoming')
    for (const hash of held) if (!onDisk.includes(hash)) problems.push(`a file that is gone: ${hash}`)
    for (const name of onDisk) if (!held.has(name)) problems.push(`a file that nobody holds: ${name}`)
    for (const folder of [
      join(dataDir, 'originals', '.incoming'),
      join(dataDir, 'unpacking'),
      join(indexDir, 'embedding'),
    ]) {
      const names = await namesIn(folder)
      if (names.length > 0) problems.push(`left in ${folder}: ${names.slice(0, 3).join(', ')} (${names.length})`)
    }
    return {
      documents: count("documents where status != 'DELETED'"),
      names: count('document_names'),
      versions: count("document_versions join documents on id = document_id where status != 'DELETED'"),
      chunks: count('chunks'),
      words: count('chunk_words'),
      vectors: count('chunk_vectors'),
      originals: onDisk.length,
      attempts: database.prepare('select max(attempts) from jobs').pluck().get(),
      problems,
    }
  } finally {
    database.close()
  }
}

const namesIn = async (folder) => (existsSync(folder) ? readdir(folder) : [])
