/** What glab offers to run, as strict as its own reading (contract features §2.6). */
export function gitCommands(text: string): string[] {
  return [...text.matchAll(/```([^`]+)```/g)]
    .map(([, inner]) => (inner ?? '').replace(/^[\n`]+|[\n`]+$/g, ''))
    .filter((command) => command.split(/\s+/)[0] === 'git')
}
