import { Bus } from './bus.ts'

/** The least of a logger that the bus needs. */
interface ProblemLog {
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** Connects a service to its bus; what goes wrong on it is logged, without payloads. */
export const connectBus = (
  environment: { NATS_URL: string; PENSTOCK_PREFIX: string },
  service: { instance: string; log: ProblemLog },
): Promise<Bus> =>
  Bus.connect({
    servers: environment.NATS_URL,
    name: service.instance,
    subjectPrefix: environment.PENSTOCK_PREFIX,
    onInvalid: (problem) => service.log.warn(problem, 'message breaks its schema: dropped'),
    onHandlerError: ({ subject, error }) => service.log.error({ subject, err: error }, 'message handler failed'),
  })
