/**
 * Tells a model's talk from code, without knowing any language. Each test wants two signs at once: how talk begins, and that nothing
 * in the line looks like code. What is doubtful is code.
 */

const opener =
  /^(?:sure|certainly|of course|absolutely|okay|ok|alright|great|here(?:['’]s| is| are| you)|below (?:is|are)|the (?:following|code|complete|completed|completion|function|implementation|snippet|missing|rest)|this (?:is|code|completes|should|will)|i(?:['’]ll|['’]ve| will| have)|to (?:complete|implement|finish)|you can|let(?:['’]s| me)|based on|complete(?:d)? (?:code|version))\b/i

const closer =
  /^(?:this (?:code|function|implementation|completion|snippet|method|class|script|will|should)|the (?:code|function|above|completion|implementation|method|class)|explanation\b|notes?:|note that|let me know|i(?:['’]ve| have) |in this (?:code|example|implementation)|with this|you can|hope this|feel free|please note)/i

const refusal =
  /^(?:i['’]?a?m (?:sorry|unable|afraid|not able)|i am (?:sorry|unable|afraid|not able)|sorry\b|unfortunately\b|i (?:can(?:no|['’])t|do not|don['’]t|need more)|as an ai\b|there is (?:nothing|no)\b|no (?:completion|code|suggestion)s?\b|it (?:is|seems) (?:not possible|that))/i

const placeholder = /^[([<]\s*(?:no|empty|nothing)\b[^)\]>\n]*[)\]>]$/i

/** `Here is the completed function:` */
export function isPreamble(line: string): boolean {
  const text = line.trim()
  return opener.test(text) && (isSentence(text) || /^\w+[!.,:]?$/.test(text))
}

/** A line of talk in front of a fenced block, however it begins. */
export function isSentence(line: string): boolean {
  const text = line.trim()
  if (!/[.:!?,]$/.test(text) || !/^[\p{L}"'`*]/u.test(text)) return false
  if (looksLikeCode(text)) return false
  return text.split(/\s+/).length >= 3
}

/** The first line of an explanation behind the code. */
export function isClosing(line: string): boolean {
  const text = line.trim().replace(/^[*#_\s]+/, '')
  return closer.test(text) && (isSentence(text) || /^[\w\s*]+:?\**$/.test(text))
}

/** Nothing but talk about why there is no code. */
export function isRefusal(text: string): boolean {
  const whole = text.trim()
  return (
    placeholder.test(whole) ||
    (refusal.test(whole) && isSentence(whole.split('\n')[0] ?? '') && !/\n\s*```/.test(whole))
  )
}

/** Whether a line under way may become a preamble: its first word is one of theirs, or the beginning of one. */
export function mayOpenPreamble(line: string): boolean {
  const word = /^[a-z'’]*/i.exec(line.trim())?.[0].toLowerCase() ?? ''
  return openingWords.some((opening) => opening.startsWith(word) || word.startsWith(opening))
}

const openingWords =
  'sure certainly of absolutely okay ok alright great here below the this i to you let based complete sorry unfortunately as there no it'.split(
    ' ',
  )

/** Backticks quote code inside a sentence; outside of them these characters hardly occur in one. */
export function looksLikeCode(text: string): boolean {
  return /[;{}=<>[\]\\|&]|\w\(|^(?:def|class|func|function|return|if|for|while|import|from|let|const|var|public|private)\b/.test(
    text.replace(/`[^`]*`/g, ''),
  )
}
