/** What is sent: our own JSON, and the bodies that chat services accept. Pure. */
import type { NotifyTarget, Severity } from '../model/stack-spec.ts';
import type { Notice } from '../ports/notifier.ts';

export type WebhookFormat = Extract<NotifyTarget, { kind: 'webhook' }>['format'];

/** One notice on its way. Together, stack and incident name the message that it updates. */
export interface Letter {
  readonly stack: string;
  readonly notice: Notice;
  /** 0 for the first notice of an incident; a number left out was overtaken by a later one. */
  readonly update: number;
  /** Stack time at which the notice was given. */
  readonly at: number;
}

/** The body of format `json`, and what commands read. Fields are added, never changed. */
export interface NoticeJson {
  readonly version: 1;
  readonly stack: string;
  readonly incident: string;
  readonly update: number;
  readonly severity: Severity;
  readonly state: Notice['state'];
  readonly title: string;
  readonly text: string;
  /** ISO 8601. */
  readonly at: string;
}

/** Chat services refuse or cut longer ones; in UTF-16 units. */
const chatLengthMax = 4000;

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
  }
}

/** Opens with «Daruma», the keyword to give where a service asks for one. */
export function chatText({ stack, notice, update }: Letter): string {
  const state = notice.state === 'needs-person' ? 'needs a person' : notice.state;
  const head = `Daruma · ${stack} · ${notice.severity} · ${state}`;
  const which = update === 0 ? notice.incident : `${notice.incident}, update ${update}`;
  return cut(`${head}\n${notice.title} (${which})\n${notice.text}`.trimEnd());
}

function cut(text: string): string {
  if (text.length <= chatLengthMax) return text;
  // toWellFormed: the cut may have gone through a surrogate pair.
  return `${text.slice(0, chatLengthMax - 1).toWellFormed()}…`;
}

/** Slack's three; it turns `<…>` into links and mentions otherwise. */
function escapeSlack(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Feishu takes `<at user_id="all">` in a text for a mention. */
function escapeFeishu(text: string): string {
  return text.replace(/<(?=\/?at\b)/gi, '＜');
}
