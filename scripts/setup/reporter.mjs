/** What set-up says: a line per step, and on a terminal a last line that shows what is running and for how long. */
const TICK_MS = 500
const QUIET_MS = 2000

export class Reporter {
  #total
  #running = new Map()
  #terminal = process.stdout.isTTY === true
  #ticker

  constructor(total) {
    this.#total = total
  }

  begin(number, title) {
    this.#running.set(number, { title, since: Date.now(), doing: '' })
    if (this.#terminal) this.#ticker ??= setInterval(() => this.#draw(), TICK_MS)
    else this.say(`[${number}/${this.#total}] ${title} …`)
  }

  /** What a running step is doing now. */
  doing(number, text) {
    const step = this.#running.get(number)
    if (step) step.doing = text
  }

  end(number, title, outcome) {
    const step = this.#running.get(number)
    this.#running.delete(number)
    const took = step === undefined ? '' : formatSeconds(Date.now() - step.since)
    this.say(`[${number}/${this.#total}] ${title} … ${[took, outcome].filter(Boolean).join(', ')}`)
  }

  say(line) {
    this.#clear()
    process.stdout.write(`${line}\n`)
  }

  stop() {
    clearInterval(this.#ticker)
    this.#clear()
    this.#running.clear()
  }

  #draw() {
    const long = [...this.#running.values()].filter((step) => Date.now() - step.since > QUIET_MS)
    const parts = long.map((step) => `${step.doing || step.title} ${formatSeconds(Date.now() - step.since)}`)
    this.#clear()
    if (parts.length > 0) process.stdout.write(parts.join(' | ').slice(0, (process.stdout.columns ?? 80) - 1))
  }

  #clear() {
    if (this.#terminal) process.stdout.write('\r\u001b[K')
  }
}

function formatSeconds(ms) {
  return ms < 9950 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`
}
