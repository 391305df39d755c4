/** The one stylesheet of the hosted pages, inlined so that a page is one request. */
export const PAGE_STYLE = `
:root { color-scheme: light dark; --ink: #1a2130; --soft: #667085; --line: #e3e7ee; --paper: #fff;
  --back: #f4f6f9; --accent: #0b6e4f; --accent-ink: #fff; --bad: #b42318; --bad-back: #fef3f2; }
@media (prefers-color-scheme: dark) { :root { --ink: #eef1f6; --soft: #9aa4b5; --line: #2c3442;
  --paper: #171c25; --back: #10141b; --accent: #34c796; --accent-ink: #06281d; --bad: #ff9a8f; --bad-back: #3a1a18; } }
* { box-sizing: border-box; margin: 0; }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--back); min-height: 100vh; }
.pay { display: grid; grid-template-columns: 1fr 1fr; min-height: 100vh; }
.order, .form { padding: clamp(1.5rem, 6vw, 5rem) clamp(1.25rem, 5vw, 4.5rem); }
.order > *, .form > * { max-width: 27rem; }
.order > * { margin-left: auto; }
.form { background: var(--paper); border-left: 1px solid var(--line); }
.shop { display: block; color: var(--soft); text-decoration: none; font-weight: 600; }
.shop:hover { color: var(--ink); }
.total { font-size: 2.4rem; font-weight: 700; letter-spacing: -.02em; margin-block: .75rem 1.5rem; }
ul { list-style: none; padding: 0; }
.lines li { display: grid; grid-template-columns: 48px 1fr auto; gap: .9rem; align-items: center; padding: .6rem 0; }
.lines img, .thumb { width: 48px; height: 48px; border-radius: 8px; object-fit: cover; background: var(--line); }
.thumb { display: grid; place-items: center; font-weight: 700; color: var(--soft); }
.lines b { display: block; font-weight: 600; overflow-wrap: anywhere; } .lines small { display: block; color: var(--soft); }
.lines li > span:last-child, dd { font-variant-numeric: tabular-nums; }
dl { margin-top: 1rem; border-top: 1px solid var(--line); padding-top: 1rem; }
.sum { display: flex; justify-content: space-between; color: var(--soft); padding: .2rem 0; }
.due { color: var(--ink); font-weight: 700; border-top: 1px solid var(--line); margin-top: .6rem; padding-top: .8rem; }
h1 { font-size: 1.25rem; margin-bottom: 1.25rem; }
.badge { font-size: .72rem; font-weight: 700; padding: .15rem .5rem; border-radius: 99px; background: #f8dfae; color: #6b4700; vertical-align: middle; }
label { display: block; font-size: .875rem; font-weight: 600; margin-bottom: 1rem; }
input { display: block; width: 100%; margin-top: .3rem; padding: .7rem .8rem; font: inherit; font-weight: 400; color: inherit;
  background: var(--paper); border: 1px solid var(--line); border-radius: 8px; }
input:focus-visible, button:focus-visible, a:focus-visible, summary:focus-visible { outline: 3px solid var(--accent); outline-offset: 1px; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; }
.go, .plain { display: block; width: 100%; padding: .85rem; font: inherit; font-weight: 700; text-align: center;
  border: 0; border-radius: 8px; cursor: pointer; text-decoration: none; color: var(--accent-ink); background: var(--accent); }
.plain { margin-top: .75rem; color: var(--ink); background: none; border: 1px solid var(--line); }
.error { color: var(--bad); background: var(--bad-back); border-radius: 8px; padding: .75rem .9rem; margin-bottom: 1rem; font-weight: 600; }
.cards { margin-top: 1.5rem; color: var(--soft); font-size: .875rem; } .cards summary { cursor: pointer; font-weight: 600; }
.cards p { margin: .5rem 0; }
.cards button { display: flex; justify-content: space-between; gap: 1rem; width: 100%; padding: .5rem .25rem; font: inherit;
  color: var(--ink); background: none; border: 0; border-top: 1px solid var(--line); cursor: pointer; text-align: left; }
.cards button:hover { background: var(--back); } .cards span { color: var(--soft); text-align: right; } code { white-space: nowrap; }
.card { max-width: 25rem; margin: 12vh auto 0; padding: 2rem; background: var(--paper); border: 1px solid var(--line); border-radius: 14px; }
.apart { margin-top: 1.5rem; border-top: 1px solid var(--line); padding-top: 1.5rem; } .tick { font-weight: 400; } .tick input { display: inline; width: auto; margin: 0 .4rem 0 0; }
.card p { margin-bottom: 1.25rem; } .card h1 { margin-bottom: .5rem; } .bank { color: var(--soft); font-weight: 600; }
@media (max-width: 48rem) { .pay { grid-template-columns: 1fr; } .order > *, .form > * { max-width: 34rem; margin-inline: auto; }
  .order { padding-bottom: 1.5rem; } .form { border-left: 0; border-top: 1px solid var(--line); } .card { margin-top: 8vh; width: calc(100% - 2rem); } }
`;
