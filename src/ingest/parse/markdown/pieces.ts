/** The parser keeps about a hundred bytes for each byte it reads, so a 50 MB file is never given to it at once. */
const PIECE_LENGTH = 1 << 18

/**
 * A long Markdown text cut before headings, so that it is parsed piece by piece; a short one whole. Only a line that
 * begins with "#", follows a blank line and stands outside a fenced code block is a border; where none comes for another
 * piece's length, any unindented line after a blank one is. Link definitions of the whole text are repeated at the end of
 * every piece, so that a link finds its definition (unless there are so many that repeating them would cost more).
 */
export function markdownPieces(source: string, pieceLength = PIECE_LENGTH): string[] {
  if (source.length <= pieceLength) return [source]
  const pieces: string[] = []
  const definitions: string[] = []
  let start = 0
  let fence: string | null = null
  let afterBlank = true
  for (let lineStart = 0; lineStart < source.length; ) {
    const newline = source.indexOf('\n', lineStart)
    const next = newline < 0 ? source.length : newline + 1
    // Nothing that decides here stands beyond the first characters, and a line may be megabytes long.
    const line = source.slice(lineStart, Math.min(next, lineStart + 1000))
    const length = lineStart - start
    if (!fence && afterBlank && length >= pieceLength && (length < 2 * pieceLength ? HEADING : UNINDENTED).test(line)) {
      pieces.push(source.slice(start, lineStart))
      start = lineStart
    }
    fence = fenceAfter(line, fence)
    if (!fence && /^ {0,3}\[[^\]^][^\]]*\]:\s*\S/.test(line)) definitions.push(line.trimEnd())
    afterBlank = line.trim() === ''
    lineStart = next
  }
  pieces.push(source.slice(start))
  const appendix = `\n\n${definitions.join('\n')}\n`
  if (definitions.length === 0 || appendix.length > pieceLength / 4) return pieces
  // A fence that is never closed runs to the end of the text: what is added there would be code.
  return pieces.map((piece, index) => (fence && index === pieces.length - 1 ? piece : piece + appendix))
}

const HEADING = /^#{1,6}\s/
const UNINDENTED = /^\S/

/** The fence that is open after this line, or null. */
function fenceAfter(line: string, open: string | null): string | null {
  const marker = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1]
  if (!marker) return open
  if (!open) return marker
  const closes = marker[0] === open[0] && marker.length >= open.length && line.trim() === marker
  return closes ? null : open
}
