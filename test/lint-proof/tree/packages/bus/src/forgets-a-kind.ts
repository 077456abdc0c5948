type Answer = { kind: 'go' } | { kind: 'gone' }

export const say = (answer: Answer) => {
  switch (answer.kind) { // fails: typescript(switch-exhaustiveness-check)
    case 'go':
      return 'go'
  }
  return 'nothing'
}
