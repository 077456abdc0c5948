import type { FimKind } from './families.ts'

export interface FimForm {
  /** Everything the form adds around the text; none of it belongs into an answer. */
  readonly markers: readonly string[]
  /** Stop strings a completion is asked with. */
  readonly stops: readonly string[]
  /** Lays out the text before and after the cursor. Nothing follows the last marker: a line feed there would shift the answer. */
  readonly layOut: (prefix: string, suffix: string) => string
  /** The vendor's own spelling, for the raw text completion; `layOut` where it is the same. */
  readonly layOutRaw?: (prefix: string, suffix: string) => string
}

const qwenMarkers = [
  '<|fim_prefix|>',
  '<|fim_suffix|>',
  '<|fim_middle|>',
  '<|fim_pad|>',
  '<|repo_name|>',
  '<|file_sep|>',
  '<|im_start|>',
  '<|im_end|>',
] as const

const codestralStops = ['[INST]', '[/INST]', '[PREFIX]', '[MIDDLE]', '[SUFFIX]'] as const

/** The public fill-in-the-middle forms of the model families, as GitLab's gateway places them into a user message. */
export const fimForms: Readonly<Record<Exclude<FimKind, 'none'>, FimForm>> = {
  codegemma: {
    markers: ['<|fim_prefix|>', '<|fim_suffix|>', '<|fim_middle|>', '<|file_separator|>'],
    stops: ['<|fim_prefix|>', '<|fim_suffix|>', '<|fim_middle|>', '<|file_separator|>'],
    layOut: (prefix, suffix) => `<|fim_prefix|>${prefix}<|fim_suffix|>${suffix}<|fim_middle|>`,
  },
  codellama: {
    markers: ['<PRE>', '<SUF>', '<MID>', '<EOT>'],
    stops: ['<PRE>', '<SUF>', '<MID>', '<EOT>'],
    layOut: (prefix, suffix) => `<PRE> ${prefix} <SUF> ${suffix} <MID>`,
    layOutRaw: (prefix, suffix) => `<PRE> ${prefix} <SUF>${suffix} <MID>`,
  },
  deepseekcoder: {
    markers: ['<｜fim▁begin｜>', '<｜fim▁hole｜>', '<｜fim▁end｜>'],
    stops: [],
    layOut: (prefix, suffix) => `<｜fim▁begin｜>${prefix}<｜fim▁hole｜>${suffix}<｜fim▁end｜>`,
  },
  qwen: {
    markers: qwenMarkers,
    stops: [...qwenMarkers, '\n\n'],
    layOut: (prefix, suffix) => `<|fim_prefix|>${prefix}<|fim_suffix|>${suffix}<|fim_middle|>`,
  },
  codestral: {
    markers: codestralStops,
    stops: codestralStops,
    layOut: (prefix, suffix) => `<s>[SUFFIX]${suffix}[PREFIX]${prefix}`,
  },
}
