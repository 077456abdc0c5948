/** A comment as a model wrote it, form and all. */
export interface RawComment {
  readonly file: string
  readonly oldLine: number | null
  readonly newLine: number | null
  readonly body: string
  /** GitLab finds it as it stands: tags in place, attributes in double quotes. */
  readonly wellFormed: boolean
}

const comment =
  /(<comment\b(?:\s+[\w-]+\s*=\s*(?:"[^"\n]*"|'[^'\n]*'|[^\s"'>]*))*\s*\/?>)([^]*?)(?:(<\/comment\s*>)|(?=\n[ \t]*<comment\b))/g
const attribute = /([\w-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]*))/g
const wellFormedTag = /^<comment (?:[\w-]+="[^">]*"\s*)+>$/

/** The comments of a review, which has its own tags around them, in order. One that is never closed is a cut-off end: what it says is not whole. */
export function rawComments(review: string): RawComment[] {
  return [...review.matchAll(comment)].map((match) => {
    const [, tag, body, closing] = match
    const onOwnLines = review[match.index - 1] === '\n' && review[match.index + match[0].length] === '\n'
    const attributes = new Map(
      [...(tag ?? '').matchAll(attribute)].map(([, name, double, single, bare]) => [
        name,
        double ?? single ?? bare ?? '',
      ]),
    )
    return {
      file: attributes.get('file') ?? attributes.get('path') ?? attributes.get('filename') ?? '',
      oldLine: numberIn(attributes.get('old_line')),
      newLine: numberIn(attributes.get('new_line') ?? attributes.get('line')),
      body: body ?? '',
      wellFormed: onOwnLines && wellFormedTag.test(tag ?? '') && closing === '</comment>',
    }
  })
}

function numberIn(value: string | undefined): number | null {
  const digits = /^\D*(\d+)\D*$/.exec(value ?? '')?.[1]
  return digits === undefined ? null : Number(digits)
}
