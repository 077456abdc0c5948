import { isRecord } from '@penstock/models'

interface Listed {
  readonly id: string
  /** Where the weights are: the same for all aliases of a base model. */
  readonly root: unknown
  /** The base model of an adapter; null: it is one itself. */
  readonly parent: unknown
}

/** What a vLLM node says that it serves (contract vllm §1.2). Of a text that is no such list nothing is taken. */
export class ModelList {
  /** Null: nothing is known. */
  readonly #models: readonly Listed[] | null

  /** `text`: the body of `/v1/models`. */
  constructor(text: string) {
    this.#models = readList(text)
  }

  servesAll(names: readonly string[]): boolean {
    return this.#models === null || names.every((name) => this.#find(name) !== undefined)
  }

  /**
   * The names that an answer of this model may carry; null: not known. An adapter's answers carry its own, a base model's the first of
   * its aliases.
   */
  answersAs(name: string): readonly string[] | null {
    const model = this.#find(name)
    if (model === undefined) return null
    if (model.parent !== null) return [model.id]
    const aliases = this.#models?.filter(({ root, parent }) => parent === null && root === model.root) ?? []
    return aliases.map(({ id }) => id)
  }

  #find(name: string): Listed | undefined {
    return this.#models?.find(({ id }) => id === name)
  }
}

const readList = (text: string): Listed[] | null => {
  try {
    const json: unknown = JSON.parse(text)
    if (!isRecord(json) || !Array.isArray(json.data)) return null
    return json.data.flatMap((one: unknown) =>
      isRecord(one) && typeof one.id === 'string' ? [{ id: one.id, root: one.root, parent: one.parent ?? null }] : [],
    )
  } catch {
    return null
  }
}
