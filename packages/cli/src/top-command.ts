import { setTimeout as delay } from 'node:timers/promises'
import { userInfo } from 'node:os'
import type { Bus } from '@penstock/bus'
import { cancelRequest, listRequests, reportPools } from '@penstock/contracts'
import type { Command } from 'commander'
import { withBus } from './open-bus.ts'
import { CommandFailed, print } from './outside.ts'
import type { Outside } from './outside.ts'
import { renderTop } from './render-top.ts'
import type { TopFacts } from './render-top.ts'

const answersWithinMs = 300
const refreshMs = 1000

/** `penstock top`: live pools and requests; `penstock cancel <id>`: ends one. */
export const addTopCommands = (program: Command, outside: Outside, finish: (status: number) => void): void => {
  program
    .command('top')
    .description('live pools and requests; keys: j and k or the arrows choose a request, c cancels it, q leaves')
    .option('--once', 'prints one picture and ends, as it does when the output is no terminal')
    .option('--json', 'prints the facts once, for programs')
    .action(async (flags: { once?: boolean; json?: boolean }) => {
      await withBus(outside, async (bus) => {
        if (flags.json !== true && flags.once !== true && process.stdout.isTTY) return watch(bus)
        const facts = await look(bus)
        const text = renderTop(facts, { columns: 120, rows: Infinity, selected: null, note: '', colours: false })
        finish(print({ ok: true, text, json: facts }, flags, outside))
      })
    })
  program
    .command('cancel <id>')
    .description('ends requests under way, by request id or correlation id; the audit log names who did it')
    .option('--by <name>', 'who orders it; default: the user of this machine')
    .action(async (id: string, flags: { by?: string }) => {
      const ended = await withBus(outside, (bus) => cancel(bus, id, flags.by))
      if (ended === 0) throw new CommandFailed(`no request under way has the id ${id}`)
      finish(print({ ok: true, text: `${ended} ended`, json: { ended } }, {}, outside))
    })
}

const look = async (bus: Bus): Promise<TopFacts> => {
  const [lists, pools] = await Promise.all([
    bus.collect(listRequests, {}, answersWithinMs),
    bus.request(reportPools, [], {}, { tries: 1, tryMs: answersWithinMs }).then(
      ({ message }) => message.pools,
      () => null,
    ),
  ])
  return {
    pools,
    ingresses: lists.length,
    count: lists.reduce((sum, { count }) => sum + count, 0),
    requests: lists.flatMap(({ instance, requests }) => requests.map((each) => ({ instance, ...each }))),
  }
}

const cancel = async (bus: Bus, id: string, by = userInfo().username): Promise<number> => {
  const answers = await bus.collect(cancelRequest, { id, by: by.slice(0, 64) }, answersWithinMs)
  return answers.reduce((sum, { cancelled }) => sum + cancelled, 0)
}

/** Draws until `q`. The terminal is given back as it was, whatever happens. */
const watch = async (bus: Bus): Promise<void> => {
  const { stdin, stdout } = process
  let selected = 0
  let note = ''
  let facts = await look(bus)
  const stop = new AbortController()
  const draw = (): void => {
    selected = Math.max(0, Math.min(selected, facts.requests.length - 1))
    const size = { columns: stdout.columns, rows: stdout.rows }
    stdout.write(`\u001B[H${renderTop(facts, { ...size, selected, note, colours: true })}\u001B[J`)
  }
  const onKey = (key: string): void => {
    if (key === 'q' || key === '\u0003') stop.abort()
    else if (key === 'j' || key === '\u001B[B') selected += 1
    else if (key === 'k' || key === '\u001B[A') selected -= 1
    else if (key === 'c') {
      const chosen = facts.requests[selected]
      if (chosen === undefined) return
      note = `cancelling ${chosen.request} …`
      void cancel(bus, chosen.request).then((ended) => {
        note = ended === 0 ? `${chosen.request} had ended` : `cancelled ${chosen.request}`
      })
    }
    draw()
  }
  stdout.write('\u001B[?1049h\u001B[?25l')
  stdin.setRawMode(true).setEncoding('utf8').on('data', onKey).resume()
  try {
    while (!stop.signal.aborted) {
      draw()
      await delay(refreshMs, undefined, { signal: stop.signal }).catch(() => undefined)
      if (!stop.signal.aborted) facts = await look(bus)
    }
  } finally {
    stdin.off('data', onKey).setRawMode(false).pause()
    stdout.write('\u001B[?25h\u001B[?1049l')
  }
}
