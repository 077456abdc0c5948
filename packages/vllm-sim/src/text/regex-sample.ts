/** A text a pattern matches, or why none was made. */
export type RegexSample =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'beyond'; readonly reason: string }

type Node =
  | { readonly kind: 'set'; readonly characters: readonly string[] }
  | { readonly kind: 'sequence'; readonly parts: readonly Node[] }
  | { readonly kind: 'choice'; readonly branches: readonly Node[] }
  | { readonly kind: 'repeat'; readonly part: Node; readonly least: number; readonly most: number }

/** Open-ended repeats give at most this many more than they need. */
const repeatsMore = 4

/**
 * Makes a text that a regular expression matches whole, decided by the seed. Knows literals, classes, groups, alternatives and
 * quantifiers; anchors are taken as said; look-around, back references and properties are beyond it.
 */
export const regexSample = (pattern: string, seed: number): RegexSample => {
  try {
    const parser = new PatternParser(pattern)
    const tree = parser.whole()
    let state = seed >>> 0
    const pick = (choices: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return Math.floor((state / 2 ** 32) * choices)
    }
    const text = sampleOf(tree, pick)
    return new RegExp(`^(?:${pattern})$`, 'u').test(text)
      ? { kind: 'text', text }
      : { kind: 'beyond', reason: 'the pattern is too intricate for this node' }
  } catch (error) {
    return { kind: 'beyond', reason: error instanceof Error ? error.message : String(error) }
  }
}

const sampleOf = (node: Node, pick: (choices: number) => number): string => {
  switch (node.kind) {
    case 'set':
      return node.characters[pick(node.characters.length)] ?? ''
    case 'sequence':
      return node.parts.map((part) => sampleOf(part, pick)).join('')
    case 'choice':
      return sampleOf(node.branches[pick(node.branches.length)] as Node, pick)
    case 'repeat': {
      const times = node.least + pick(node.most - node.least + 1)
      return Array.from({ length: times }, () => sampleOf(node.part, pick)).join('')
    }
  }
}

const between = (first: string, last: string): string[] => {
  const from = first.codePointAt(0) ?? 0
  const to = last.codePointAt(0) ?? 0
  if (to < from || to - from > 0x10_000) throw new Error(`the range ${first}-${last} is none`)
  return Array.from({ length: to - from + 1 }, (_, index) => String.fromCodePoint(from + index))
}
const digits = between('0', '9')
const letters = [...between('a', 'z'), ...between('A', 'Z')]
const printable = between(' ', '~')
const classes: Readonly<Record<string, readonly string[]>> = {
  d: digits,
  w: [...letters, ...digits, '_'],
  s: [' '],
  D: letters,
  W: ['-', '.'],
  S: letters,
  n: ['\n'],
  t: ['\t'],
  r: ['\r'],
}

class PatternParser {
  readonly #characters: readonly string[]
  #at = 0

  constructor(pattern: string) {
    this.#characters = Array.from(pattern)
  }

  whole(): Node {
    const node = this.#choice()
    if (this.#at < this.#characters.length) throw new Error(`unexpected ${this.#peek()}`)
    return node
  }

  #peek(): string | undefined {
    return this.#characters[this.#at]
  }

  #take(): string {
    const character = this.#characters[this.#at++]
    if (character === undefined) throw new Error('the pattern ends too early')
    return character
  }

  #accept(character: string): boolean {
    if (this.#peek() !== character) return false
    this.#at++
    return true
  }

  #choice(): Node {
    const branches = [this.#sequence()]
    while (this.#accept('|')) branches.push(this.#sequence())
    return branches.length === 1 ? (branches[0] as Node) : { kind: 'choice', branches }
  }

  #sequence(): Node {
    const parts: Node[] = []
    for (let next = this.#peek(); next !== undefined && next !== '|' && next !== ')'; next = this.#peek()) {
      if (this.#accept('^') || this.#accept('$')) continue
      parts.push(this.#repeated(this.#atom()))
    }
    return { kind: 'sequence', parts }
  }

  #repeated(part: Node): Node {
    const bounds = this.#quantifier()
    if (bounds === undefined) return part
    this.#accept('?')
    return { kind: 'repeat', part, least: bounds[0], most: Math.min(bounds[1], bounds[0] + repeatsMore) }
  }

  #quantifier(): [number, number] | undefined {
    if (this.#accept('*')) return [0, Infinity]
    if (this.#accept('+')) return [1, Infinity]
    if (this.#accept('?')) return [0, 1]
    const counted = /^\{(\d+)(,(\d*))?\}/.exec(this.#characters.slice(this.#at, this.#at + 16).join(''))
    if (counted === null) return undefined
    this.#at += counted[0].length
    const least = Number(counted[1])
    return [least, counted[2] === undefined ? least : counted[3] ? Number(counted[3]) : Infinity]
  }

  #atom(): Node {
    const character = this.#take()
    if (character === '(') return this.#group()
    if (character === '[') return { kind: 'set', characters: this.#class() }
    if (character === '.') return { kind: 'set', characters: printable }
    if (character === '\\') return { kind: 'set', characters: this.#escape() }
    if ('*+?'.includes(character)) throw new Error(`nothing to repeat before ${character}`)
    return { kind: 'set', characters: [character] }
  }

  #group(): Node {
    if (this.#accept('?')) {
      const sort = this.#take()
      if (sort === '<' && this.#peek() !== '=' && this.#peek() !== '!') while (this.#take() !== '>');
      else if (sort !== ':') throw new Error('look-around is beyond this node')
    }
    const inside = this.#choice()
    if (!this.#accept(')')) throw new Error('a group is not closed')
    return inside
  }

  #escape(): readonly string[] {
    const character = this.#take()
    if (Object.hasOwn(classes, character)) return classes[character] as readonly string[]
    if (/[a-zA-Z1-9]/.test(character)) throw new Error(`\\${character} is beyond this node`)
    return [character]
  }

  #class(): readonly string[] {
    const negated = this.#accept('^')
    const members: string[] = []
    while (!this.#accept(']')) {
      const first = this.#take()
      const one = first === '\\' ? this.#escape() : [first]
      if (one.length === 1 && this.#peek() === '-' && this.#characters[this.#at + 1] !== ']') {
        this.#at++
        const last = this.#take()
        members.push(...between(one[0] as string, last === '\\' ? (this.#escape()[0] as string) : last))
      } else members.push(...one)
    }
    const set = negated ? printable.filter((character) => !members.includes(character)) : members
    if (set.length === 0) throw new Error('a class is empty')
    return set
  }
}
