/** A Prometheus histogram without labels of its own. Bounds ascend; everything above the last falls into +Inf. */
export class Histogram {
  readonly #bounds: readonly number[]
  readonly #counts: number[]
  #sum = 0

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds
    this.#counts = Array.from({ length: bounds.length + 1 }, () => 0)
  }

  observe(value: number): void {
    let bucket = 0
    while (bucket < this.#bounds.length && value > (this.#bounds[bucket] as number)) bucket++
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1
    this.#sum += value
  }

  /** Sample lines; `labels` is the inside of the braces. */
  lines(name: string, labels: string): string[] {
    let total = 0
    const buckets = this.#counts.map((count, index) => {
      total += count
      return `${name}_bucket{${labels},le="${this.#bounds[index] ?? '+Inf'}"} ${total}`
    })
    return [...buckets, `${name}_sum{${labels}} ${this.#sum}`, `${name}_count{${labels}} ${total}`]
  }
}
