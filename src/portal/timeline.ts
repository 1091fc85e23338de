/** Places tasks and milestones on a line of time. Pure. */
import type { Item } from './types.ts'

export interface Step {
  readonly id: string
  readonly kind: 'task' | 'milestone'
  readonly name: string
  /** `YYYY-MM-DD`; undefined where it has no dates. */
  readonly start: string | undefined
  readonly end: string | undefined
  readonly status: string | undefined
}

export interface Placed extends Step {
  /** Parts of the whole, from 0 to 1. */
  readonly from: number
  readonly length: number
}

export interface Timeline {
  readonly first: string
  readonly last: string
  readonly placed: readonly Placed[]
  readonly undated: readonly Step[]
  /** Part of the whole; undefined where today lies outside. */
  readonly today: number | undefined
}

const dateIn = (item: Item, name: string): string | undefined => {
  const value = item[name]
  return typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value) ? value : undefined
}

const text = (item: Item, name: string): string | undefined => {
  const value = item[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

export function stepsFrom(tasks: readonly Item[], milestones: readonly Item[]): readonly Step[] {
  return [
    ...tasks.map((item): Step => {
      const [start, end] = [dateIn(item, 'startdate'), dateIn(item, 'enddate')]
      return {
        id: item.id,
        kind: 'task',
        name: text(item, 'projecttaskname') ?? item.id,
        start: start ?? end,
        end: end ?? start,
        status: text(item, 'projecttaskstatus') ?? text(item, 'projecttaskprogress'),
      }
    }),
    ...milestones.map((item): Step => {
      const date = dateIn(item, 'projectmilestonedate')
      const name = text(item, 'projectmilestonename') ?? item.id
      return { id: item.id, kind: 'milestone', name, start: date, end: date, status: undefined }
    }),
  ]
}

const dayLength = 86_400_000
const dayOf = (date: string): number => Date.parse(`${date}T00:00:00Z`) / dayLength

/** @param today `YYYY-MM-DD` */
export function timelineOf(steps: readonly Step[], today: string): Timeline | undefined {
  const dated = steps.filter(
    (step): step is Step & { start: string; end: string } => step.start !== undefined,
  )
  const days = dated.flatMap(({ start, end }) => [start, end]).toSorted()
  const [first] = days
  const last = days.at(-1)
  const undated = steps.filter(({ start }) => start === undefined)
  if (first === undefined || last === undefined) return undefined
  const whole = dayOf(last) - dayOf(first) + 1
  const placeOf = (date: string): number => (dayOf(date) - dayOf(first)) / whole
  const now = (dayOf(today) - dayOf(first) + 0.5) / whole
  return {
    first,
    last,
    undated,
    today: now >= 0 && now <= 1 ? now : undefined,
    placed: dated
      .toSorted((one, other) => one.start.localeCompare(other.start))
      .map((step) => ({
        ...step,
        from: placeOf(step.start),
        length: Math.max(0, dayOf(step.end) - dayOf(step.start) + 1) / whole,
      })),
  }
}
