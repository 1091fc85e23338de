/** Says that a record was created, also if coreBOS stored other values than were sent: sent again, it would be a second one. */
import { GatewayError } from '../client/index.ts'
import { useFailureNotice } from './errors.ts'

/** @returns a function that waits for the creation, and gives the id. @throws the error of the gateway if nothing was created */
export function useCreated(): (creation: Promise<{ readonly id: string }>) => Promise<string> {
  const failed = useFailureNotice()
  return async (creation) => {
    try {
      return (await creation).id
    } catch (error) {
      const id = storedAs(error)
      if (id === undefined) throw error
      failed(error)
      return id
    }
  }
}

/** The id of the record that was written in spite of an error. */
export function storedAs(error: unknown): string | undefined {
  return error instanceof GatewayError && error.code === 'STORED_OTHERWISE' ? error.problem.record : undefined
}
