/** The first that is not null, as soon as it is there; null once all are. Rejects with the first that does. */
export const firstAnswer = <T>(asked: readonly Promise<T | null>[]): Promise<T | null> =>
  new Promise((resolve, reject) => {
    let open = asked.length
    for (const each of asked)
      each.then((answer) => {
        open -= 1
        if (answer !== null || open === 0) resolve(answer)
      }, reject)
  })
