/** What a plan is made from. */
import type { ComponentId } from '../model/ids.ts';
import type { Knowledge } from '../model/knowledge.ts';
import type { ActionKind, Cause } from '../model/record.ts';
import type { BudgetSpec, RestartSpec, UserActionSpec } from '../model/stack-spec.ts';
import type { SymptomKind } from '../model/symptom.ts';

export interface BudgetFacts extends BudgetSpec {
  readonly left: number;
}

/** What is known of the component that is to be acted on. */
export interface TargetFacts {
  readonly id: ComponentId;
  readonly isInstance: boolean;
  /** `gone`: no process. `failing`: runs and does not serve. `serving`: serves, with symptoms. */
  readonly condition: 'gone' | 'failing' | 'serving';
  readonly hangs: boolean;
  /** Its last start failed before the program ran, and trying again may help. */
  readonly startFailed: boolean;
  /** The same, and trying again does not help. */
  readonly startHopeless: boolean;
  readonly policy: RestartSpec['policy'];
  /** Such as «waits for db: not ready yet»; null: no dependency stands in the way. */
  readonly waitsFor: string | null;
  /** Why an action costs no budget; null: it does. */
  readonly sparedBy: string | null;
  /** Symptoms that hold at it. */
  readonly kinds: readonly SymptomKind[];
  /** The user said what faults one of its symptoms means. */
  readonly declared: boolean;
  readonly replicas: number;
  readonly othersReady: number;
  /** Other instances of its service that do not serve now. */
  readonly othersOut: number;
  /** Other instances that are being started or stopped. */
  readonly othersBusy: number;
  readonly hasEndpoint: boolean;
  readonly takenOut: boolean;
  readonly startMs: number | null;
  readonly backOffMs: number;
  readonly lastLines: readonly string[];
  readonly actions: readonly UserActionSpec[];
  readonly allow: readonly string[];
  /** Null: its service has no failover. */
  readonly failover: FailoverFacts | null;
  /** What a restore would bring back, and what would be lost; null: it can't be restored. */
  readonly restores: string | null;
  /** What is wrong with its recovery points; null: nothing is known. */
  readonly pointTrouble: string | null;
}

/** Of an instance in a service with failover. */
export interface FailoverFacts {
  readonly isPrimary: boolean;
  /** Why a standby may take over, or why none may, with the rule. */
  readonly may: string | null;
  readonly mayNot: string | null;
  /** What would be lost with the most advanced standby; null: there is none. */
  readonly loss: string | null;
  /** It was chosen, does not serve yet, and no restart of it has failed since: that is completed
   * first (F7). */
  readonly isChosen: boolean;
  /** It is primary though the record names another. */
  readonly rogue: string | null;
  /** Whoever has to be fenced can be (F1). */
  readonly fenceable: boolean;
}

export interface PlanInput {
  readonly cause: Cause;
  /** All causes, what was tried without success taken into account. */
  readonly causes: readonly Cause[];
  readonly unsure: boolean;
  readonly target: TargetFacts;
  readonly serviceBudget: BudgetFacts;
  readonly stackBudget: BudgetFacts;
  readonly maxUnavailableShare: number;
  /** What was tried in this incident without success. */
  readonly failed: readonly {
    readonly kind: ActionKind;
    readonly name: string | null;
    readonly target: ComponentId;
    /** What was said when it ended. */
    readonly why?: string | null;
  }[];
  readonly observe: boolean;
  /** The one slow try that is made while a person is waited for. */
  readonly slowTry: boolean;
  /** A person's answer to a destructive action; null: none yet. */
  readonly consent: boolean | null;
  readonly storeWritable: boolean;
  /** Weighs actions; no guard reads it. */
  readonly knowledge: Knowledge;
}

/** An action that might be taken. */
export interface Candidate {
  readonly kind: ActionKind;
  readonly userAction: UserActionSpec | null;
  /** P(recovers). */
  readonly mends: number;
  readonly costMs: number;
}
