import type { Histogram } from './histogram.ts'

type Labels = Readonly<Record<string, string>>
type Samples = readonly (readonly [labels: Labels, value: number])[]

/** Writes Prometheus text in the Python client's form: counters end in `_total`, counters and histograms have a `_created` series. */
export class Exposition {
  readonly #lines: string[] = []
  readonly #labels: Labels
  readonly #createdAt: number

  /** `labels`: on every sample. `createdAt`: epoch seconds. */
  constructor(labels: Labels, createdAt: number) {
    this.#labels = labels
    this.#createdAt = createdAt
  }

  gauge(name: string, help: string, samples: number | Samples): void {
    this.#heading(name, 'gauge', help)
    for (const [labels, value] of several(samples)) this.#sample(name, labels, value)
  }

  counter(name: string, help: string, samples: number | Samples): void {
    this.#heading(`${name}_total`, 'counter', help)
    for (const [labels, value] of several(samples)) this.#sample(`${name}_total`, labels, value)
    this.#heading(`${name}_created`, 'gauge', help)
    for (const [labels] of several(samples)) this.#sample(`${name}_created`, labels, this.#createdAt)
  }

  histogram(name: string, help: string, histogram: Histogram): void {
    this.#heading(name, 'histogram', help)
    this.#lines.push(...histogram.lines(`vllm:${name}`, this.#render({})))
    this.#heading(`${name}_created`, 'gauge', help)
    this.#sample(`${name}_created`, {}, this.#createdAt)
  }

  /** A metric of the process, without prefix and labels. */
  plain(name: string, type: 'gauge' | 'counter', help: string, samples: number | Samples): void {
    this.#lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`)
    for (const [labels, value] of several(samples)) {
      const inside = inBraces(labels)
      this.#lines.push(`${name}${inside === '' ? '' : `{${inside}}`} ${value}`)
    }
  }

  text(): string {
    return `${this.#lines.join('\n')}\n`
  }

  #heading(name: string, type: string, help: string): void {
    this.#lines.push(`# HELP vllm:${name} ${help}`, `# TYPE vllm:${name} ${type}`)
  }

  #sample(name: string, labels: Labels, value: number): void {
    this.#lines.push(`vllm:${name}{${this.#render(labels)}} ${value}`)
  }

  #render(labels: Labels): string {
    return inBraces({ ...this.#labels, ...labels })
  }
}

const several = (samples: number | Samples): Samples => (typeof samples === 'number' ? [[{}, samples]] : samples)

const inBraces = (labels: Labels): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(',')
