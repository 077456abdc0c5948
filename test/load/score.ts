import { AnswerCheck } from '../stack/answer-check.ts'
import { ChatStream } from '../stack/chat-stream.ts'
import { LatencyRecorder } from './latency.ts'
import type { Percentiles } from './latency.ts'
import type { SentRequest } from './open-loop.ts'

/** The outcome of one subject's turn. */
export interface Score {
  readonly requests: number
  /** Requests without a right and complete answer, by reason. */
  readonly errors: Readonly<Record<string, number>>
  /** Of right answers, from the instant each was meant to be sent. Null without any. */
  readonly ttftMs: Percentiles | null
  /** How late the generator itself was. */
  readonly latenessMs: Percentiles & { readonly max: number }
}

/** Judges the requests that were meant to be sent from `warmUpMs` on; the ones before only warmed everything up. */
export const score = (sent: readonly SentRequest[], warmUpMs: number): Score => {
  const measured = sent.filter(({ planned }) => planned.atMs >= warmUpMs)
  const errors: Record<string, number> = {}
  const ttft = new LatencyRecorder()
  const lateness = new LatencyRecorder()
  for (const request of measured) {
    lateness.record(request.sentAt - request.intendedAt)
    const error = errorOf(request)
    if (error !== null) errors[error] = (errors[error] ?? 0) + 1
    else if (request.firstTextAt !== null) ttft.record(request.firstTextAt - request.intendedAt)
  }
  return {
    requests: measured.length,
    errors,
    ttftMs: ttft.count === 0 ? null : ttft.percentiles(),
    latenessMs: { ...lateness.percentiles(), max: lateness.maxMs },
  }
}

/** Why an answer does not count; null: it is right to the last byte. */
const errorOf = ({ status, broken, received, planned }: SentRequest): string | null => {
  if (broken !== null) return `broken: ${broken}`
  if (status !== 200) return `status ${status}`
  const check = new AnswerCheck(planned.expected)
  const stream = new ChatStream({ onText: (text) => check.take(text) })
  for (const bytes of received) stream.take(bytes, 0)
  if (stream.end.error !== null) return `error event: ${stream.end.error}`
  if (!stream.end.done || stream.end.finishReason === null) return 'no clean end'
  return check.bytesWrong(true) === 0 ? null : 'wrong bytes'
}
