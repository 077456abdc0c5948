import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { usersMax } from './workload.ts'
import type { BenchLane, PromptPiece, Workload, WorkloadRequest } from './workload.ts'

interface TraceRow {
  readonly atMs: number
  readonly prompt: readonly PromptPiece[]
  readonly outputTokens: number
}

type ReadRows = (text: string) => TraceRow[]

/** One id stands for so many tokens. */
const mooncakeBlockTokens = 512

const MooncakeRow = z.object({
  timestamp: z.number(),
  input_length: z.int().min(1),
  output_length: z.int().min(1),
  hash_ids: z.array(z.int()),
})

const readMooncake: ReadRows = (text) =>
  lines(text).map((line, index) => {
    const parsed = MooncakeRow.safeParse(json(line))
    if (!parsed.success) throw new Error(`line ${index + 1} is not a row of a Mooncake trace: ${line.slice(0, 80)}`)
    const { timestamp, input_length: tokens, output_length: outputTokens, hash_ids: ids } = parsed.data
    const prompt = ids.map((id, block) => ({
      seed: `mooncake ${id}`,
      tokens: Math.min(mooncakeBlockTokens, tokens - block * mooncakeBlockTokens),
    }))
    return { atMs: timestamp, prompt: prompt.filter((piece) => piece.tokens > 0), outputTokens }
  })

const readAzure: ReadRows = (text) =>
  lines(text)
    .slice(1)
    .map((line, index) => {
      const [at = '', context = '', generated = ''] = line.split(',')
      const [atMs, tokens, outputTokens] = [Date.parse(`${at.replace(' ', 'T')}Z`), Number(context), Number(generated)]
      if (![atMs, tokens, outputTokens].every(Number.isFinite))
        throw new Error(`line ${index + 2} is not a row of an Azure LLM trace: ${line.slice(0, 80)}`)
      return { atMs, prompt: [{ seed: `azure ${index}`, tokens }], outputTokens: Math.max(1, outputTokens) }
    })

/**
 * A trace replayed from its beginning, faster or slower so that its mean rate is the one asked for. A span longer than the trace begins it
 * again, with prompts that share nothing with the first time. `file`: instead of the sample. Throws when it cannot be read.
 */
const traceWorkload = (
  facts: { name: string; summary: string; lane: BenchLane; sample: string; read: ReadRows },
  file: string | undefined,
): Workload => ({
  name: facts.name,
  summary: facts.summary,
  plan({ perSecond, spanMs, random }) {
    const rows = facts
      .read(readFileSync(file ?? join(import.meta.dirname, 'traces', facts.sample), 'utf8'))
      .toSorted((a, b) => a.atMs - b.atMs)
    const [first, last] = [rows[0], rows.at(-1)]
    if (first === undefined || last === undefined) throw new Error(`${file ?? facts.sample} holds no request`)
    const lengthMs = (rows.length / perSecond) * 1000
    const stretch = lengthMs / Math.max(1, last.atMs - first.atMs)
    const requests: WorkloadRequest[] = []
    for (let pass = 0; pass * lengthMs < spanMs; pass++)
      for (const [index, { atMs, prompt, outputTokens }] of rows.entries())
        requests.push({
          // Rows of one second have one timestamp in some traces: within it they are spread.
          atMs: pass * lengthMs + (atMs - first.atMs) * stretch + random.next(),
          lane: facts.lane,
          user: random.between(0, usersMax - 1),
          session: `${facts.name}-${pass}-${prompt[1]?.seed ?? index}`,
          prompt: pass === 0 ? prompt : prompt.map((piece) => ({ ...piece, seed: `${pass} ${piece.seed}` })),
          outputTokens,
          cutAfterMs: null,
        })
    return requests.filter(({ atMs }) => atMs < spanMs).sort((a, b) => a.atMs - b.atMs)
  },
})

export const azureCode = (file?: string): Workload =>
  traceWorkload(
    {
      name: 'azure-code',
      summary: 'Azure’s 2023 trace of a code service: prompts of 1.5 k tokens at the median, 13 tokens out',
      lane: 'completion',
      sample: 'azure-code.csv',
      read: readAzure,
    },
    file,
  )

export const mooncakeConversation = (file?: string): Workload =>
  traceWorkload(
    {
      name: 'mooncake-conversation',
      summary:
        'Mooncake’s trace of conversations with their shared prefixes: prompts of 7 k tokens at the median, 350 out',
      lane: 'interactive',
      sample: 'mooncake-conversation.jsonl',
      read: readMooncake,
    },
    file,
  )

const lines = (text: string): string[] => text.split('\n').filter((line) => line.trim() !== '')

const json = (line: string): unknown => {
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}
