import type { ReactNode } from 'react';

/** What may be wider than the screen, and is then scrolled by itself, by the keyboard too. */
export function Scroll(props: { readonly label: string; readonly children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a keyboard must be able to scroll it
    <section className="scroll" tabIndex={0} aria-label={props.label}>
      {props.children}
    </section>
  );
}
