/** Longer questions say nothing more that a search could use, characters. */
const questionCharsMax = 4000
const wordsMax = 16

/** Words of questions that stand in every page. */
const common = new Set(
  (
    'a an and are as at be by can do does for from gitlab has have how i if in into is it its me my of on or should so ' +
    'that the their there this to use using was we what when where which who why will with would you your'
  ).split(' '),
)

/**
 * A question as an expression of the index: any of its words, so that the best answer has most of them. Each word is quoted, so that
 * nothing a client writes is read as an operator. Null when no word is left.
 */
export function matchExpression(question: string): string | null {
  const all =
    question
      .slice(0, questionCharsMax)
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? []
  const telling = all.filter((word) => !common.has(word))
  const words = [...new Set(telling.length > 0 ? telling : all)].slice(0, wordsMax)
  return words.length === 0 ? null : words.map((word) => `"${word}"`).join(' OR ')
}
