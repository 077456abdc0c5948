import { runCli } from './run-cli.ts'

process.exitCode = await runCli(process.argv.slice(2), {
  environment: process.env,
  // npm runs scripts in the project's folder; paths are meant from where the user stands.
  folder: process.env['INIT_CWD'] ?? process.cwd(),
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
})
