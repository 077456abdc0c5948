/** Why the log did not take a record: no room beyond the reservations, the disk failed, or it is closed. */
export type UnavailableReason = 'full' | 'disk' | 'closed'

/** The record is not durable and was not kept. The log works again when its disk does. */
export class AuditUnavailable extends Error {
  override readonly name = 'AuditUnavailable'
  readonly reason: UnavailableReason
  constructor(reason: UnavailableReason, message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}

/** Another process works in the folder. */
export class AuditDirLocked extends Error {
  override readonly name = 'AuditDirLocked'
}

/** The folder holds something that its own writes cannot have left. Only a person can decide what to do about it. */
export class AuditDirDamaged extends Error {
  override readonly name = 'AuditDirDamaged'
}
