export const say = () => console.log('said') // fails: eslint(no-console)
