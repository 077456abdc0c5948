const isOpen = async () => await Promise.resolve(true)

export const open = () => {
  if (isOpen()) return 'open' // fails: typescript(no-misused-promises)
  return 'closed'
}
