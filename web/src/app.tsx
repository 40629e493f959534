/** Who sees what: the login, or the pages with what is wrong above them. */
import { useEffect, useMemo, useState } from 'react';
import { LiveStack } from './api/live.ts';
import { act } from './api/request.ts';
import { end, findOut } from './api/session.ts';
import { AvailabilityPage } from './pages/availability-page.tsx';
import { DrillsPage } from './pages/drills-page.tsx';
import { ErrorPage } from './pages/error-page.tsx';
import { ErrorsPage } from './pages/errors-page.tsx';
import { EventsPage } from './pages/events-page.tsx';
import { IncidentPage } from './pages/incident-page.tsx';
import { IncidentsPage } from './pages/incidents-page.tsx';
import { type Invitation, LoginPage } from './pages/login-page.tsx';
import { ServicePage } from './pages/service-page.tsx';
import { SettingsPage } from './pages/settings-page.tsx';
import { StackPage } from './pages/stack-page.tsx';
import { Link } from './parts/link.tsx';
import { Standing } from './parts/standing.tsx';
import { useRoute } from './state/route.ts';
import { LiveContext } from './state/use-live.ts';
import { useSession } from './state/use-may.ts';
import {
  type Language,
  preferredLanguage,
  Speech,
  speaker,
  teller,
  useSay,
} from './words/words.ts';

export function App() {
  const [language, setLanguage] = useState<Language>(() =>
    preferredLanguage(localStorage.getItem('language'), navigator.languages),
  );
  const speech = useMemo(
    () => ({ language, say: speaker(language), tell: teller(language) }),
    [language],
  );
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  const choose = (to: Language) => {
    localStorage.setItem('language', to);
    setLanguage(to);
  };
  return (
    <Speech value={speech}>
      <Gate onLanguage={choose} />
    </Speech>
  );
}

function Gate({ onLanguage }: { readonly onLanguage: (to: Language) => void }) {
  const say = useSay();
  const { person, known } = useSession();
  const [kind] = useRoute();
  const invitation = invitationOf(kind);
  useEffect(() => {
    if (!known) findOut().catch(end);
  }, [known]);
  if (!known) return <p className="loading">{say('loading')}</p>;
  if (person === null || invitation !== null) return <LoginPage invitation={invitation} />;
  return <House onLanguage={onLanguage} />;
}

/** The secret is behind the `#`: browsers don't send that to anybody. */
function invitationOf(kind: string | undefined): Invitation | null {
  if (kind === 'register') return { kind, secret: '' };
  const secret = location.hash.slice(1);
  return secret !== '' && (kind === 'setup' || kind === 'accept') ? { kind, secret } : null;
}

function House({ onLanguage }: { readonly onLanguage: (to: Language) => void }) {
  const say = useSay();
  const live = useMemo(() => new LiveStack(), []);
  useEffect(() => {
    live.start();
    return () => live.stop();
  }, [live]);
  return (
    <LiveContext value={live}>
      <a className="skip" href="#content">
        {say('skip')}
      </a>
      <Header />
      <main id="content" tabIndex={-1}>
        <Page onLanguage={onLanguage} />
      </main>
    </LiveContext>
  );
}

const pages = [
  ['stack', '/'],
  ['incidents', '/incidents'],
  ['errors', '/errors'],
  ['events', '/events'],
  ['availability', '/availability'],
  ['drills', '/drills'],
  ['settings', '/settings'],
] as const;

function Header() {
  const say = useSay();
  const { person } = useSession();
  const [page = ''] = useRoute();
  const logout = () => act('POST', '/api/v1/auth/logout').finally(end);
  return (
    <header>
      <div className="top">
        <Link to="/" className="brand">
          <img src="/daruma.svg" alt="" width="28" height="28" /> Daruma
        </Link>
        <nav aria-label={say('menu')}>
          {pages.map(([word, path]) => (
            <Link key={path} to={path} current={path === `/${page}`}>
              {say(word)}
            </Link>
          ))}
        </nav>
        <span className="person">
          {person?.name}{' '}
          <button type="button" onClick={logout}>
            {say('logout')}
          </button>
        </span>
      </div>
      <Standing />
    </header>
  );
}

function Page({ onLanguage }: { readonly onLanguage: (to: Language) => void }) {
  const say = useSay();
  const [page = '', name = ''] = useRoute();
  if (page === '') return <StackPage />;
  if (page === 'incidents') return <IncidentsPage />;
  if (page === 'incident') return <IncidentPage id={name} />;
  if (page === 'service') return <ServicePage name={name} />;
  if (page === 'errors') return <ErrorsPage />;
  if (page === 'error') return <ErrorPage key={name} id={name} />;
  if (page === 'events') return <EventsPage />;
  if (page === 'availability') return <AvailabilityPage />;
  if (page === 'drills') return <DrillsPage />;
  if (page === 'settings') return <SettingsPage onLanguage={onLanguage} />;
  return <p>{say('notFound')}</p>;
}
