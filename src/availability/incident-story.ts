/** What the log says of incidents: when each began, was noticed and was over, and where it was. */
import { type ComponentId, type IncidentId, type ServiceName, serviceOf } from '../model/ids.ts';
import type { LogRecord } from '../model/record.ts';
import type { Symptom } from '../model/symptom.ts';

/** From the onset of an incident, or of its return, until it is resolved. */
export interface Episode {
  readonly incident: IncidentId;
  onset: number;
  readonly detected: number;
  recovered: number | null;
  resolved: number | null;
  blamed: ComponentId;
}

type Told = Extract<LogRecord, { readonly incident: unknown }>;

const episodesKept = 5_000;

export class IncidentStories {
  readonly #open = new Map<IncidentId, Episode>();
  #over: Episode[] = [];

  /** Those of a service: it was blamed last, or nobody was and the first symptom was there. */
  of(service: ServiceName): Episode[] {
    return [...this.#over, ...this.#open.values()].filter(
      ({ blamed }) => serviceOf(blamed) === service,
    );
  }

  /** `symptom`: the one that is named, as far as it is known. */
  note(record: Told, symptom: Symptom | undefined): void {
    if (record.incident === null) return;
    if (record.kind === 'incident-opened') {
      this.#begin(record.incident, record.at, record.onset, symptom);
      return;
    }
    if (record.kind === 'incident-reopened') {
      const before = this.#over.findLast(({ incident }) => incident === record.incident);
      const onset = Math.max(symptom?.began ?? record.at, before?.resolved ?? 0);
      this.#begin(record.incident, record.at, onset, symptom);
      return;
    }
    const episode = this.#open.get(record.incident);
    if (episode !== undefined) this.#change(episode, record, symptom);
  }

  #begin(incident: IncidentId, at: number, onset: number, symptom: Symptom | undefined): void {
    const times = { onset: Math.min(onset, at), detected: at, recovered: null, resolved: null };
    this.#open.set(incident, { incident, ...times, blamed: symptom?.component ?? '' });
  }

  #change(episode: Episode, record: Told, symptom: Symptom | undefined): void {
    switch (record.kind) {
      case 'incident-joined':
        episode.onset = Math.min(episode.onset, symptom?.began ?? episode.onset);
        episode.recovered = null;
        return;
      case 'incident-located':
        episode.blamed = record.causes[0]?.component ?? episode.blamed;
        return;
      case 'incident-verifying':
        episode.recovered = record.at;
        return;
      case 'incident-resolved':
        this.#open.delete(episode.incident);
        // It was part of another one, which goes on.
        if (record.into !== undefined) return;
        episode.resolved = record.at;
        episode.recovered ??= record.at;
        this.#over.push(episode);
        if (this.#over.length > 2 * episodesKept) this.#over = this.#over.slice(-episodesKept);
        return;
      default:
        return;
    }
  }
}
