import type { FaultInput } from '@penstock/vllm-sim'

/** What is asked of Penstock while its nodes misbehave. */
export const apis = ['code-completion', 'chat-agent', 'openai-chat'] as const
export type Api = (typeof apis)[number]

/** How each API tells a failure (contract http §7.5; OpenAI's own form on its front). */
const failures = {
  /** Too much to do, or a gap that passes: the client may come again. */
  'try-again': {
    'code-completion': '429, retry-after',
    'chat-agent': '429, retry-after',
    'openai-chat': '429, retry-after',
  },
  /** The model server failed, and no retry helped. */
  'server-failed': {
    'code-completion': '421 500: Internal Server Error',
    'chat-agent': 'error event',
    'openai-chat': '502',
  },
  /** The model server refuses this very request: nobody else is asked. */
  'request-refused': {
    'code-completion': '421 400: Bad Request',
    'chat-agent': 'error event',
    'openai-chat': '400',
  },
  /** The credential of the configuration is not the model server's. */
  'credential-refused': {
    'code-completion': '421 401: Unauthorized',
    'chat-agent': 'error event',
    'openai-chat': '502',
  },
  'model-unknown': { 'code-completion': '421 404: Not Found', 'chat-agent': 'error event', 'openai-chat': '502' },
  /** Silent beyond every limit. */
  silent: { 'code-completion': '504', 'chat-agent': '504', 'openai-chat': '504' },
  redirected: { 'code-completion': '421 307: Temporary Redirect', 'chat-agent': 'error event', 'openai-chat': '502' },
} as const satisfies Record<string, Record<Api, string>>

/** `answer`: every byte of the right answer. Else the kind of failure that the client is told. */
export type Outcome = 'answer' | keyof typeof failures

export interface FaultCase {
  readonly name: string
  readonly fault: FaultInput
  /** When the node that the request goes to has the fault, once, and its neighbour is well. */
  readonly oneNode: Outcome
  /** When all nodes have it, again and again. Absent: takes as long as a chat may wait. */
  readonly everyNode?: Outcome
  /** Found by a clock, not by what the node says: takes seconds. */
  readonly byClock?: boolean
}

/** Of an answer of 60 tokens, so many come before it breaks. */
const afterTokens = 12

/** Slower than one token in 10 s, which is the longest silence in an answer. */
const slowFactor = 1200

/** What the contract's table of node errors asks for (vllm §7, reliability F8): try elsewhere, go on elsewhere, or say it. */
export const faultCases: readonly FaultCase[] = [
  { name: 'refuses connections', fault: { kind: 'refuse' }, oneNode: 'answer', everyNode: 'try-again' },
  { name: 'answers 500', fault: { kind: 'http_500' }, oneNode: 'answer', everyNode: 'server-failed' },
  { name: 'answers 503', fault: { kind: 'http_503' }, oneNode: 'answer', everyNode: 'try-again' },
  { name: 'has no room (503)', fault: { kind: 'http_503_admission' }, oneNode: 'answer', everyNode: 'try-again' },
  { name: 'answers 429', fault: { kind: 'http_status', status: 429 }, oneNode: 'answer', everyNode: 'try-again' },
  {
    name: 'refuses the request (400)',
    fault: { kind: 'http_status', status: 400 },
    oneNode: 'request-refused',
    everyNode: 'request-refused',
  },
  {
    name: 'redirects',
    fault: { kind: 'redirect', location: 'http://127.0.0.1:9/v1' },
    oneNode: 'answer',
    everyNode: 'redirected',
  },
  {
    name: 'resets before any answer',
    fault: { kind: 'reset_mid_stream', when: 'before_headers' },
    oneNode: 'answer',
    everyNode: 'try-again',
  },
  // What breaks after new text begins anew with the next try: node by node the answer gets whole.
  {
    name: 'resets mid-stream',
    fault: { kind: 'reset_mid_stream', afterTokens },
    oneNode: 'answer',
    everyNode: 'answer',
  },
  { name: 'ends without [DONE]', fault: { kind: 'truncate', afterTokens }, oneNode: 'answer', everyNode: 'answer' },
  { name: 'sends an error event', fault: { kind: 'error_event', afterTokens }, oneNode: 'answer', everyNode: 'answer' },
  { name: 'aborts the answer', fault: { kind: 'abort_finish', afterTokens }, oneNode: 'answer', everyNode: 'answer' },
  { name: 'sends garbage JSON', fault: { kind: 'garbage', afterTokens }, oneNode: 'answer', everyNode: 'answer' },
  { name: 'begins with garbage JSON', fault: { kind: 'garbage' }, oneNode: 'answer', everyNode: 'try-again' },
  {
    name: 'sends a line of 16 MB',
    fault: { kind: 'oversized_frame', afterTokens, bytes: 16_000_000 },
    oneNode: 'answer',
    everyNode: 'answer',
  },
  {
    name: 'refuses the credential (401)',
    fault: { kind: 'http_status', status: 401 },
    oneNode: 'answer',
    everyNode: 'credential-refused',
  },
  {
    name: 'does not know the model (404)',
    fault: { kind: 'http_status', status: 404 },
    oneNode: 'answer',
    everyNode: 'model-unknown',
  },
  { name: 'sends one byte a packet', fault: { kind: 'one_byte' }, oneNode: 'answer' },
  { name: 'cuts characters into packets', fault: { kind: 'split_utf8' }, oneNode: 'answer' },
  { name: 'sends many events a packet', fault: { kind: 'burst' }, oneNode: 'answer' },
  {
    name: 'has another time',
    fault: { kind: 'clock_skew', skewMs: -3_600_000 },
    oneNode: 'answer',
  },
  // A proxy in front of a node may set ids of its own: only one id per answer can be asked for.
  { name: 'answers by another id', fault: { kind: 'wrong_id' }, oneNode: 'answer' },
  { name: 'does not see clients leave', fault: { kind: 'half_open' }, oneNode: 'answer' },
  {
    name: 'closes connections that are used again',
    fault: { kind: 'keepalive_race' },
    oneNode: 'answer',
    everyNode: 'answer',
  },
  { name: 'has little memory', fault: { kind: 'kv_pressure', ratio: 0.001 }, oneNode: 'answer' },
  { name: 'has no metrics', fault: { kind: 'metrics_500' }, oneNode: 'answer', everyNode: 'answer' },
  {
    name: 'lacks most metrics',
    fault: { kind: 'metrics_missing_series', names: ['vllm:', 'process_'] },
    oneNode: 'answer',
  },
  { name: 'has old metrics', fault: { kind: 'stale_metrics' }, oneNode: 'answer' },
  {
    name: 'pauses for a second',
    fault: { kind: 'stall', stallMs: 1000, afterTokens },
    oneNode: 'answer',
  },
  {
    name: 'runs out of memory',
    fault: { kind: 'oom', when: 'after_tokens', afterTokens, kvUsageRatio: 0.0001 },
    oneNode: 'answer',
  },
  { name: 'crashes mid-stream', fault: { kind: 'crash', when: 'after_tokens', afterTokens }, oneNode: 'answer' },
  { name: 'loses its engine', fault: { kind: 'engine_dead', when: 'after_tokens', afterTokens }, oneNode: 'answer' },
  { name: 'answers for another model', fault: { kind: 'wrong_model' }, oneNode: 'answer', everyNode: 'try-again' },
  {
    name: 'stalls mid-stream',
    fault: { kind: 'hang', afterTokens },
    oneNode: 'answer',
    everyNode: 'answer',
    byClock: true,
  },
  {
    name: 'pauses for a minute',
    fault: { kind: 'stall', stallMs: 60_000, afterTokens },
    oneNode: 'answer',
    byClock: true,
  },
  { name: 'brings a token in 12 s', fault: { kind: 'slow', factor: slowFactor }, oneNode: 'answer', byClock: true },
  {
    name: 'takes requests and says nothing',
    fault: { kind: 'hang', when: 'before_headers' },
    oneNode: 'answer',
    everyNode: 'silent',
    byClock: true,
  },
  { name: 'takes connections and says nothing', fault: { kind: 'slow_accept' }, oneNode: 'answer', byClock: true },
  { name: 'sleeps', fault: { kind: 'sleep_hang' }, oneNode: 'answer', byClock: true },
  { name: 'has an engine that hangs', fault: { kind: 'engine_hang' }, oneNode: 'answer', byClock: true },
]

/** What a client of the API must see. */
export const expectedOf = (outcome: Outcome, api: Api): string =>
  outcome === 'answer' ? 'answer' : failures[outcome][api]
