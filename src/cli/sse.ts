/** Server-sent events of a response (WHATWG HTML, 9.2.6): lines `event:` and `data:`, a blank line ends an event. */
export interface SseEvent {
  readonly event: string
  readonly data: string
}

export async function* sseEvents(response: Response): AsyncGenerator<SseEvent, void> {
  if (!response.body) return
  const decoder = new TextDecoder()
  let rest = ''
  for await (const bytes of response.body as unknown as AsyncIterable<Uint8Array>) {
    const blocks = (rest + decoder.decode(bytes, { stream: true })).split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const event = parseBlock(block)
      if (event) yield event
    }
  }
}

function parseBlock(block: string): SseEvent | undefined {
  let event = 'message'
  const data: string[] = []
  for (const line of block.split('\n')) {
    if (line.startsWith('event:')) event = line.slice(6).trim()
    else if (line.startsWith('data:')) data.push(line.slice(5).trimStart())
  }
  // A comment alone (`:` keeps the connection open) is no event.
  return event === 'message' && data.length === 0 ? undefined : { event, data: data.join('\n') }
}
