/** What a request holds is released when it ends. */
import fc from 'fast-check'
import t from 'tap'
import { GatewayError } from '../../src/model/errors.ts'
import { RequestScope } from '../../src/http/request-scope.ts'

type Step = 'hold' | 'release' | 'handling' | 'answered' | 'sent' | 'left'

/** How often a resource was released, and whether it is still wanted. */
interface Resource {
  released: number
  isWanted: boolean
}

t.test('whatever is held is released once, at the end of the request and not before', async (t) => {
  const steps = fc.array(fc.constantFrom<Step>('hold', 'release', 'handling', 'answered', 'sent', 'left'), {
    maxLength: 20,
  })
  const property = fc.property(steps, (sequence) => {
    let ends = 0
    const scope = new RequestScope(() => (ends += 1))
    const resources: Resource[] = []
    const early: (() => void)[] = []
    let isClosed = false
    let isHandling = false
    const isOver = () => isClosed && !isHandling
    let wasOver = false
    for (const step of sequence) {
      if (step === 'hold') {
        const resource = { released: 0, isWanted: !wasOver }
        resources.push(resource)
        const hold = () => scope.hold(() => (resource.released += 1))
        if (wasOver) rejects(hold)
        else early.push(hold())
      }
      if (step === 'release') {
        early.at(-1)?.()
        const [newest] = resources.slice(-1)
        if (newest !== undefined) newest.isWanted = false
      }
      if (step === 'handling') {
        if (isClosed) rejects(() => scope.handling())
        else {
          scope.handling()
          isHandling = true
        }
      }
      if (step === 'answered') {
        scope.answered()
        isHandling = false
      }
      if (step === 'sent' || step === 'left') {
        scope.close({ sent: step === 'sent' })
        isClosed = true
      }
      wasOver ||= isOver()
      const isRight = ({ released, isWanted }: Resource) => released === (wasOver || !isWanted ? 1 : 0)
      if (!resources.every(isRight) || ends !== (wasOver ? 1 : 0)) return false
    }
    return true
  })
  t.doesNotThrow(() => fc.assert(property))
})

function rejects(work: () => unknown): void {
  try {
    work()
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'CLIENT_CLOSED_REQUEST') return
    throw error
  }
  throw new Error('it was not rejected')
}

t.test('what reads from a client ends as soon as that leaves', async (t) => {
  const never = () => new Promise<never>(() => undefined)
  const gone = { code: 'CLIENT_CLOSED_REQUEST', status: 499 }
  const scope = new RequestScope()
  const reading = scope.whileConnected(never())
  t.notOk(scope.signal.aborted)
  scope.close({ sent: false })
  await t.rejects(reading, gone, 'while it reads')
  await t.rejects(scope.whileConnected(never()), gone, 'and where it has left before')
  t.ok(scope.signal.aborted)
  t.match(scope.signal.reason, gone)

  const calm = new RequestScope()
  t.equal(await calm.whileConnected(Promise.resolve(1)), 1)
  await t.rejects(calm.whileConnected(Promise.reject(new Error('its own'))), { message: 'its own' })
  calm.close({ sent: true })
  t.notOk(calm.signal.aborted, 'a response that was sent aborts nothing')
})
