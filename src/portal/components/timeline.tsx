/** Tasks and milestones as a list whose lines are bars on a common scale. */
import type { JSX } from 'preact'
import { useAccount, useShell } from '../context.ts'
import { toneOf } from '../meaning.ts'
import { recordHref } from '../router.ts'
import type { Placed, Step, Timeline as Scale } from '../timeline.ts'
import { Badge } from './badge.tsx'

export function Timeline({ scale }: { readonly scale: Scale }): JSX.Element {
  const { t, format } = useShell()
  return (
    <div class="timeline">
      <p class="timeline-ends quiet small" aria-hidden="true">
        <span>{format.date(scale.first)}</span>
        <span>{format.date(scale.last)}</span>
      </p>
      <ol>
        {scale.placed.map((step) => (
          <Row key={step.id} step={step} today={scale.today} />
        ))}
      </ol>
      {scale.undated.length > 0 && <Undated steps={scale.undated} />}
      {scale.today !== undefined && (
        <p class="quiet small timeline-legend">
          <span class="today-mark" aria-hidden="true" /> {t('project.today')}
        </p>
      )}
    </div>
  )
}

export function Undated({ steps }: { readonly steps: readonly Step[] }): JSX.Element {
  const { t } = useShell()
  return (
    <>
      <h3>{t('project.undated')}</h3>
      <ul class="lines">
        {steps.map((step) => (
          <li key={step.id}>
            <StepName step={step} />
            {step.status !== undefined && <Badge value={step.status} />}
          </li>
        ))}
      </ul>
    </>
  )
}

function StepName({ step }: { readonly step: Step }): JSX.Element {
  const { t } = useShell()
  const { catalogue } = useAccount()
  const href = recordHref(step.id, catalogue.modules)
  return (
    <span>
      <span class="quiet small">{t(step.kind === 'task' ? 'project.task' : 'project.milestone')} </span>
      {href === undefined ? step.name : <a href={href}>{step.name}</a>}
    </span>
  )
}

const percent = (part: number): string => `${(part * 100).toFixed(2)}%`

function Row({ step, today }: { readonly step: Placed; readonly today: number | undefined }): JSX.Element {
  const { format } = useShell()
  const { start = '', end = '', kind, status, from, length } = step
  const dates = start === end ? format.date(start) : `${format.date(start)} – ${format.date(end)}`
  return (
    <li class="timeline-row">
      <div class="timeline-text">
        <StepName step={step} />
        <span class="quiet small">{dates}</span>
        {status !== undefined && <Badge value={status} />}
      </div>
      <div class="timeline-track" aria-hidden="true">
        <span
          class={`timeline-bar ${kind} ${status === undefined ? '' : toneOf(status)}`}
          style={{
            left: `min(${percent(from)}, 100% - 0.8rem)`,
            width: kind === 'task' ? percent(length) : undefined,
          }}
        />
        {today !== undefined && <span class="timeline-today" style={{ left: percent(today) }} />}
      </div>
    </li>
  )
}
