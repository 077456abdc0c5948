/** An error as a node reported it, whatever the shape. `message` may quote the request: it belongs into no log. */
export interface NodeError {
  readonly message: string
  readonly type?: string
  readonly code?: number | string
  /** The prompt and its output do not fit the model. No node with the same limit will take it. */
  readonly contextOverflow: boolean
  /** A content filter of the provider refused the prompt. */
  readonly contentFiltered: boolean
}

const messageCharsMax = 500
const searchedCharsMax = 4000

/** Reads the body of an HTTP error answer. Never throws: a body that is no JSON is the message. */
export function readError(status: number, bodyText: string): NodeError {
  let json: unknown
  try {
    json = JSON.parse(bodyText)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return nodeError(status, { message: bodyText.trim() })
  }
  return errorFromJson(status, json)
}

/** Reads an error object: nested or flat vLLM, a bare string, or a proxy's `detail`. */
export function errorFromJson(status: number, json: unknown): NodeError {
  if (typeof json === 'string') return nodeError(status, { message: json })
  if (!isRecord(json)) return nodeError(status, {})
  if (typeof json.error === 'string') return nodeError(status, { message: json.error })
  if (isRecord(json.error)) return nodeError(status, json.error)
  if (typeof json.detail === 'string') return nodeError(status, { message: json.detail })
  if (Array.isArray(json.detail) && isRecord(json.detail[0])) return nodeError(status, { message: json.detail[0].msg })
  return nodeError(status, json)
}

function nodeError(status: number, fields: Record<string, unknown>): NodeError {
  const { message, type, code } = fields
  const text = typeof message === 'string' && message !== '' ? message : `HTTP ${status}`
  return {
    message: text.slice(0, messageCharsMax),
    ...(typeof type === 'string' ? { type: type.slice(0, messageCharsMax) } : {}),
    ...(typeof code === 'number' || typeof code === 'string' ? { code } : {}),
    contextOverflow:
      status === 400 && (code === 'context_length_exceeded' || saysContextOverflow(text.slice(0, searchedCharsMax))),
    contentFiltered: status === 400 && code === 'content_filter',
  }
}

/** The wordings of vLLM 0.6 to 0.32: the first names the window, the second (0.11 to 0.19) only the asked output. */
function saysContextOverflow(message: string): boolean {
  if (/maximum context length is \d/i.test(message)) return true
  const asked = message.search(/max_(completion_)?tokens/i)
  return asked >= 0 && /too large/i.test(message.slice(asked))
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
