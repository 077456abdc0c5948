import { tokenId } from './tokenizer.ts'

/** One token the simulated model can say. */
export interface Word {
  readonly text: string
  readonly bytes: Uint8Array
  readonly id: number
}

export const wordOf = (text: string): Word => {
  const bytes = new Uint8Array(Buffer.from(text))
  return { text, bytes, id: tokenId(bytes) }
}

/** At most five letters each: with its leading blank a word is one token, so the tokens of generated text count exactly. */
const plainWords = `
  a able act add all also and any area arm array as ask at away back base be beam begin below bit block blue board boat body book both
  box brick bring build byte cabin call calm can care case cell chain chart check clean clear clock close cloud coast code coin cold
  come cool copy core count cover craft cross cycle dam data date day deep depth do door down draft drain draw drift drive drop each
  early earth east edge eight else empty end entry even event every exact face fact fair fall farm fast feed few field file fill find
  fine fire first five fix flag flat float flood floor flow for force fork form forth four frame free fresh from full gate gauge gear
  get give glass go good grain grant graph great green grid group grow guard half hand hard hash have head hear heat heavy held here
  high hill hold home host hour house how ice idea if in index inlet iron is it item join just keep key kind know lake land lane large
  last late layer lead leaf learn left less let level lift light like line link list load local lock long look loop low main make map
  mark mass match may mean meet merge metal mile mill mind mode month more most mount move much must name near need new next nine node
  noise north not note now odd of off often old on one open or order other our out over own pace pack page pair park part pass past path
  peak pipe place plain plan plant play point pole pool port power press proof pull pump pure push queue quick quiet quite rain raise
  range rank rate raw reach read ready real reed rest right ring rise river road rock role roof room root rope round route row rule run
  safe salt same sand save scale sea seal seed seek self send serve set seven shaft shape share sheet shift shore short side sign six
  size sky slow small snow so soft soil some soon sort sound south space spin split stage stand start state stay steam steel step still
  stock stone stop store storm story such sum sun sure take tall tank task ten term test than that the then there they thick thing this
  three tide time to token tool top total touch tower town trace track trade train tree true trust turn two type unit until up upper use
  value valve vast very view wait walk wall warm watch water wave way we wear week well west what wheel when where which while white
  whole why wide will wind wire with wood word work world yard year yes yet you zero
`

/** Words whose UTF-8 form is longer than their letters: two, three and four byte characters, and a combining accent. */
const wideWords = [
  ' café',
  ' clé',
  ' été',
  ' Tür',
  ' año',
  ' für',
  ' øst',
  ' be\u0301',
  '漢',
  '字',
  '水',
  '門',
  '流',
  '🌊',
  '🚀',
  '🧪',
  '😀',
]
const marks = [',', ',', ',', '.', '.', '.', ';', ':', '!', '?', '\n', '\n']

const repeated = (words: readonly string[], times: number): string[] =>
  Array.from({ length: times }, () => words).flat()

const plain = plainWords
  .trim()
  .split(/\s+/)
  .map((word) => ` ${word}`)

/** What the generator draws from: mostly plain words, about one mark in ten and one wide word in thirteen. */
export const vocabulary: readonly Word[] = [...plain, ...repeated(marks, 5), ...repeated(wideWords, 3)].map(wordOf)
