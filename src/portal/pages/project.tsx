/** One project: its tasks and milestones on a timeline, its conversation and documents. */
import type { JSX } from 'preact'
import { Badge } from '../components/badge.tsx'
import { Details } from '../components/details.tsx'
import { PageFrame } from '../components/page-frame.tsx'
import { Skeleton } from '../components/skeleton.tsx'
import { Timeline, Undated } from '../components/timeline.tsx'
import { useAccount, useShell } from '../context.ts'
import { Loading, useLoad } from '../load.tsx'
import { fieldOf, labelOf, textIn } from '../metadata.ts'
import { relatedRecords } from '../records.ts'
import { hrefTo } from '../router.ts'
import { stepsFrom, timelineOf } from '../timeline.ts'
import type { Item, RecordPageProps } from '../types.ts'
import { RecordActions, Surroundings, useRecord, useTitle } from './record.tsx'

const status = 'projectstatus'

export function ProjectPage({ module: name, id }: RecordPageProps): JSX.Element {
  const { t } = useShell()
  const { catalogue } = useAccount()
  const loaded = useRecord(name, id)
  const hasSteps = ['ProjectTask', 'ProjectMilestone'].some((each) => catalogue.find(each) !== undefined)
  const shown = loaded.value
  const value = shown === undefined ? undefined : textIn(shown.item, status)
  return (
    <PageFrame
      title={useTitle(loaded)}
      badge={
        shown !== undefined &&
        value !== undefined && <Badge value={value} label={labelOf(fieldOf(shown.module, status), value)} />
      }
      back={{ href: hrefTo(['projects']), label: t('module.Project') }}
      actions={shown !== undefined && <RecordActions {...shown} />}
    >
      {hasSteps && <Steps id={id} />}
      <Loading of={loaded}>
        {({ module, item }) => (
          <>
            <Details module={module} item={item} without={[...module.nameFields, status]} />
            <Surroundings module={module} id={id} />
          </>
        )}
      </Loading>
    </PageFrame>
  )
}

function Steps({ id }: { readonly id: string }): JSX.Element {
  const { t, gateway } = useShell()
  const { catalogue } = useAccount()
  const loaded = useLoad(id, async (signal) => {
    const read = async (name: string): Promise<readonly Item[]> =>
      catalogue.find(name) === undefined ? [] : relatedRecords(gateway, id, name, signal)
    const [tasks, milestones] = await Promise.all([read('ProjectTask'), read('ProjectMilestone')])
    return stepsFrom(tasks, milestones)
  })
  return (
    <section class="card">
      <h2>{t('project.timeline')}</h2>
      <Loading of={loaded} meanwhile={<Skeleton lines={3} />}>
        {(steps) => {
          if (steps.length === 0) return <p class="quiet">{t('project.tasks.none')}</p>
          const scale = timelineOf(steps, new Date().toISOString().slice(0, 10))
          return scale === undefined ? <Undated steps={steps} /> : <Timeline scale={scale} />
        }}
      </Loading>
    </section>
  )
}
