/** Language and colours; own password and sessions; people and tokens for administrators. */
import { type FormEvent, useContext, useState } from 'react';
import { act } from '../api/request.ts';
import { usePasswordWhy } from '../parts/failure.tsx';
import { Maintained } from '../parts/maintenance.tsx';
import { Notifications } from '../parts/notifications.tsx';
import { People } from '../parts/people.tsx';
import { Sessions } from '../parts/sessions.tsx';
import { Tokens } from '../parts/tokens.tsx';
import { chooseTheme, chosenTheme, type Theme, themes } from '../state/theme.ts';
import { useMay } from '../state/use-may.ts';
import { type Language, languages, Speech, useSay } from '../words/words.ts';

export function SettingsPage({ onLanguage }: { readonly onLanguage: (to: Language) => void }) {
  const say = useSay();
  const operator = useMay('operator');
  const admin = useMay('admin');
  return (
    <>
      <h1>{say('settings')}</h1>
      <Looks onLanguage={onLanguage} />
      <Maintained />
      <Password />
      <Sessions />
      <Tokens />
      {operator ? <Notifications /> : null}
      {admin ? <People /> : null}
    </>
  );
}

const themeWords = { auto: 'themeAuto', light: 'themeLight', dark: 'themeDark' } as const;

function Looks({ onLanguage }: { readonly onLanguage: (to: Language) => void }) {
  const say = useSay();
  const { language } = useContext(Speech);
  const [theme, setTheme] = useState(chosenTheme);
  return (
    <section className="form">
      <label>
        {say('language')}
        <select value={language} onChange={(event) => onLanguage(event.target.value as Language)}>
          {Object.entries(languages).map(([key, name]) => (
            <option key={key} value={key} lang={key}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label>
        {say('theme')}
        <select
          value={theme}
          onChange={(event) => {
            const to = event.target.value as Theme;
            chooseTheme(to);
            setTheme(to);
          }}
        >
          {themes.map((one) => (
            <option key={one} value={one}>
              {say(themeWords[one])}
            </option>
          ))}
        </select>
      </label>
    </section>
  );
}

function Password() {
  const say = useSay();
  const why = usePasswordWhy();
  const [told, setTold] = useState<{ ok: boolean; text: string } | null>(null);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const fields = new FormData(form);
    try {
      await act('POST', '/api/v1/auth/password', {
        current: fields.get('current'),
        next: fields.get('new'),
      });
      form.reset();
      setTold({ ok: true, text: say('passwordChanged') });
    } catch (error) {
      setTold({ ok: false, text: say('failed', { why: why(error) }) });
    }
  };
  return (
    <section>
      <h2>{say('changePassword')}</h2>
      <form className="form" onSubmit={submit}>
        <label>
          {say('currentPassword')}
          <input name="current" type="password" autoComplete="current-password" required />
        </label>
        <label>
          {say('newPassword')}
          <input name="new" type="password" autoComplete="new-password" required />
        </label>
        <button type="submit">{say('changePassword')}</button>
      </form>
      {told === null ? null : (
        <p role="status" className={told.ok ? 'hint' : 'alert'}>
          {told.text}
        </p>
      )}
    </section>
  );
}
