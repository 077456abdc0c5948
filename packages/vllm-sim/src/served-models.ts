/** An adapter on top of the base model. */
export interface LoraAdapter {
  readonly name: string
  readonly path: string
}

/** A name a request may use. */
export interface ServedModel {
  /** What answers carry as `model`, and what seeds their text. */
  readonly name: string
  readonly lora: string | undefined
}

/** The names a node answers to: the base model's, of which the first is its own, and adapters that come and go. */
export class ServedModels {
  readonly #names: readonly [string, ...string[]]
  readonly #adapters = new Map<string, LoraAdapter>()
  readonly #startedAt: number

  /** `startedAt`: epoch seconds, shown in the model list. */
  constructor(names: readonly [string, ...string[]], adapters: readonly LoraAdapter[], startedAt: number) {
    this.#names = names
    this.#startedAt = startedAt
    for (const adapter of adapters) this.#adapters.set(adapter.name, adapter)
  }

  get base(): string {
    return this.#names[0]
  }

  get hasAdapters(): boolean {
    return this.#adapters.size > 0
  }

  /** Undefined when nobody is called so. No name stands for the base model. */
  find(name: string | null | undefined): ServedModel | undefined {
    if (name == null || this.#names.includes(name)) return { name: this.base, lora: undefined }
    return this.#adapters.has(name) ? { name, lora: name } : undefined
  }

  /** Returns whether it was loaded: not when the name is taken. */
  load(adapter: LoraAdapter, inPlace: boolean): boolean {
    if (this.#names.includes(adapter.name) || (this.#adapters.has(adapter.name) && !inPlace)) return false
    this.#adapters.set(adapter.name, adapter)
    return true
  }

  unload(name: string): boolean {
    return this.#adapters.delete(name)
  }

  /** The body of `/v1/models`. */
  list(modelLengthMax: number): object {
    const card = (id: string, root: string, parent: string | null): object => ({
      id,
      object: 'model',
      created: this.#startedAt,
      owned_by: 'vllm',
      root,
      parent,
      max_model_len: parent === null ? modelLengthMax : null,
      permission: [permission(id, this.#startedAt)],
    })
    return {
      object: 'list',
      data: [
        ...this.#names.map((name) => card(name, this.base, null)),
        ...[...this.#adapters.values()].map(({ name, path }) => card(name, path, this.base)),
      ],
    }
  }
}

const permission = (id: string, created: number): object => ({
  id: `modelperm-${id}`,
  object: 'model_permission',
  created,
  allow_create_engine: false,
  allow_sampling: true,
  allow_logprobs: true,
  allow_search_indices: false,
  allow_view: true,
  allow_fine_tuning: false,
  organization: '*',
  group: null,
  is_blocking: false,
})
