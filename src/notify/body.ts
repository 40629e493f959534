/** What is sent: our own JSON, and the bodies that chat services accept. Pure. */
import type { IncidentId, ServiceName } from '../model/ids.ts';
import type { Severity, WebhookTarget } from '../model/notify-spec.ts';
import type { Notice } from '../ports/notifier.ts';

export type WebhookFormat = WebhookTarget['format'];

/** What is told: of an incident, of all that was held back, or that messages arrive. */
export interface Message {
  readonly incident: IncidentId | 'summary' | 'test';
  readonly severity: Severity;
  readonly state: Notice['state'] | 'summary' | 'test';
  readonly title: string;
  readonly text: string;
  readonly services?: readonly ServiceName[];
}

/** One message on its way. Together, stack and incident name the one that it updates. */
export interface Letter {
  readonly stack: string;
  readonly notice: Message;
  /** 0 for the first notice of an incident; a number left out was overtaken by a later one. */
  readonly update: number;
  /** Stack time at which the notice was given. */
  readonly at: number;
  /** Of the incident's first notice to this target. */
  readonly since: number;
}

/** The body of format `json`, and what commands read. Fields are added, never changed. */
export interface NoticeJson {
  readonly version: 1;
  readonly stack: string;
  /** `summary` or `test`, as its state: it is about no single incident. */
  readonly incident: string;
  readonly update: number;
  readonly severity: Severity;
  readonly state: Message['state'];
  readonly title: string;
  readonly text: string;
  readonly services: readonly ServiceName[];
  /** ISO 8601. */
  readonly at: string;
}

/** Chat services refuse or cut longer ones; in UTF-16 units. */
const chatLengthMax = 4000;
/** Of WeCom, in bytes of UTF-8. */
const wecomBytesMax = 2048;

export function noticeJson({ stack, notice, update, at }: Letter): NoticeJson {
  return {
    version: 1,
    stack,
    incident: notice.incident,
    update,
    severity: notice.severity,
    state: notice.state,
    title: notice.title,
    text: notice.text,
    services: notice.services ?? [],
    at: new Date(at).toISOString(),
  };
}

export function webhookBody(format: WebhookFormat, letter: Letter): string {
  switch (format) {
    case 'json':
      return JSON.stringify(noticeJson(letter));
    case 'slack':
      return JSON.stringify({ text: escapeSlack(chatText(letter)) });
    case 'feishu':
      return JSON.stringify({
        msg_type: 'text',
        content: { text: escapeFeishu(chatText(letter)) },
      });
    case 'dingtalk':
      return JSON.stringify({ msgtype: 'text', text: { content: chatText(letter) } });
    case 'wecom': {
      const content = cutBytes(escapeWecom(chatText(letter)), wecomBytesMax);
      return JSON.stringify({ msgtype: 'text', text: { content } });
    }
  }
}

/** Opens with «Daruma», the keyword to give where a service asks for one. */
export function chatText({ stack, notice, update }: Letter): string {
  const head = `Daruma · ${stack} · ${notice.severity} · ${stateText(notice.state)}`;
  return cut(`${head}\n${headline(notice, update)}\n${notice.text}`.trimEnd());
}

/** Such as «api/1 crashed (i7, update 2)». */
export function headline({ state, incident, title }: Message, update: number): string {
  if (state === 'summary' || state === 'test') return title;
  return `${title} (${update === 0 ? incident : `${incident}, update ${update}`})`;
}

export function stateText(state: Message['state']): string {
  return state === 'needs-person' ? 'needs a person' : state;
}

function cut(text: string): string {
  if (text.length <= chatLengthMax) return text;
  // toWellFormed: the cut may have gone through a surrogate pair.
  return `${text.slice(0, chatLengthMax - 1).toWellFormed()}…`;
}

function cutBytes(text: string, bytesMax: number): string {
  if (Buffer.byteLength(text) <= bytesMax) return text;
  const mark = '…';
  const kept = Buffer.from(text).subarray(0, bytesMax - Buffer.byteLength(mark));
  // A character that the cut went through is left out.
  return new TextDecoder().decode(kept, { stream: true }) + mark;
}

/** Slack's three; it turns `<…>` into links and mentions otherwise. */
function escapeSlack(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Feishu takes `<at user_id="all">` in a text for a mention. */
function escapeFeishu(text: string): string {
  return text.replace(/<(?=\/?at\b)/gi, '＜');
}

/** WeCom takes `<@userid>` for a mention. */
function escapeWecom(text: string): string {
  return text.replaceAll('<@', '＜@');
}
