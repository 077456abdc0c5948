const send = async () => {
  await Promise.resolve()
}

export const start = () => {
  send() // fails: typescript(no-floating-promises)
}
