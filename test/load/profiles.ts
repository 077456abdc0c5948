import { describeProfile, readProfiles, summarizeProfile } from './cpu-profile.ts'

const functionsShown = 18

/** Says where each process spent its time, from the profiles that they left in a folder. */
export const printProfiles = async (dir: string, pids: ReadonlyMap<string, number>): Promise<void> => {
  const profiles = await readProfiles(dir)
  for (const [name, pid] of pids) {
    const profile = profiles.get(pid)
    if (profile !== undefined) console.error(describeProfile(name, summarizeProfile(profile, functionsShown)))
  }
}
