/** Which model wrote a suggestion, as the answer tells. */
export interface SuggestionModel {
  readonly engine: string
  readonly name: string
  readonly lang: string
}

export interface SuggestionAnswer {
  /** The suggestion after post-processing; '' for none. */
  readonly text: string
  readonly model: SuggestionModel
  readonly nowMs: number
  /** GitLab's flags as the request's header lists them. */
  readonly enabledFeatureFlags: readonly string[]
}

/** Engine and name that GitLab's gateway gives generations. */
export const generationModel = { engine: 'agent', name: 'Code Generations' } as const

/** The JSON answer of `/v3/code/completions` and `/v4/code/suggestions`. */
export function suggestionResponse({ text, model, nowMs, enabledFeatureFlags }: SuggestionAnswer) {
  return {
    choices: text === '' ? [] : [{ text, index: 0, finish_reason: 'length' }],
    metadata: {
      model: { ...model },
      timestamp: Math.floor(nowMs / 1000),
      enabled_feature_flags: [...enabledFeatureFlags],
      region: null,
    },
    model: { ...model },
  }
}

/** Upstream names its cloud's region in streams: a constant here. */
const region = 'self-hosted'

/** Events of `/v4/code/suggestions`, the only answer that is framed as server-sent events. Null members are left out. */
export const suggestionEvents = {
  start: ({ model, nowMs, enabledFeatureFlags }: Omit<SuggestionAnswer, 'text'>): string =>
    event('stream_start', {
      metadata: {
        model: { engine: model.engine, name: model.name },
        timestamp: Math.floor(nowMs / 1000),
        enabled_feature_flags: [...enabledFeatureFlags],
        region,
      },
    }),
  content: (text: string): string => event('content_chunk', { choices: [{ delta: { content: text }, index: 0 }] }),
  end: (): string => event('stream_end', null),
  /** A comment that keeps proxies from closing a silent stream. */
  ping: (): string => ': ping\r\n\r\n',
}

/** Line ends are CRLF (contract http §8.4.4); JSON has none inside. */
function event(name: string, data: unknown): string {
  return `event: ${name}\r\ndata: ${JSON.stringify(data)}\r\n\r\n`
}
