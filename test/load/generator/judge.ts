import { countTokens } from '@penstock/vllm-sim'
import { AnswerCheck } from '../../stack/answer-check.ts'
import { ChatStream } from '../../stack/chat-stream.ts'
import type { EndedRequest } from './load-messages.ts'

/**
 * `right`: complete, and every byte as foretold. `cut`: we went away, and what had come was right. `refused`: 429. `wrong`: all else.
 * Instants are ms from when the request was meant to be sent.
 */
export interface Judgement {
  readonly outcome: 'right' | 'cut' | 'refused' | 'wrong'
  /** Why it is wrong, in words that group; null otherwise. */
  readonly reason: string | null
  /** When the first text came. */
  readonly ttftMs: number | null
  /** When each token came. */
  readonly tokenMs: readonly number[]
  readonly endMs: number
}

/** Compares an answer with what it must be. `expected` is asked for only when there is an answer to compare. */
export const judge = (ended: EndedRequest, expected: () => Buffer): Judgement => {
  const { status, broken, cut, endMs, bytes, arrivalMs, arrivedBytes } = ended
  const unanswered = { ttftMs: null, tokenMs: [], endMs }
  if (status === 429) return { outcome: 'refused', reason: null, ...unanswered }
  if (cut && status === 0) return { outcome: 'cut', reason: null, ...unanswered }
  if (status !== 200) {
    const reason = status === 0 ? `broken: ${broken ?? 'no answer'}` : `status ${status}`
    return { outcome: 'wrong', reason, ...unanswered }
  }
  const check = new AnswerCheck(expected())
  const tokenMs: number[] = []
  const stream = new ChatStream({
    onText(text, at) {
      check.take(text)
      for (let token = countTokens(Buffer.from(text)); token > 0; token--) tokenMs.push(at)
    },
  })
  let from = 0
  for (const [piece, at] of arrivalMs.entries()) {
    const to = arrivedBytes[piece] as number
    stream.take(bytes.subarray(from, to), at)
    from = to
  }
  const seen = { ttftMs: tokenMs[0] ?? null, tokenMs, endMs }
  const { done, finishReason, error } = stream.end
  const wrong = (reason: string): Judgement => ({ outcome: 'wrong', reason, ...seen })
  if (error !== null) return wrong(`error event: ${error}`)
  if (check.bytesWrong(!cut) > 0 && (cut || broken === null)) return wrong('wrong bytes')
  if (cut) return { outcome: 'cut', reason: null, ...seen }
  if (broken !== null) return wrong(`broken: ${broken}`)
  if (!done || finishReason === null) return wrong('no clean end')
  return { outcome: 'right', reason: null, ...seen }
}
