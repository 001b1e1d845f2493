"""How the page looks, on a screen and on paper."""

STYLE = """
:root { color-scheme: light; }
body { margin: 0; background: #f4f5f7; color: #1c1f24; font: 15px/1.5 "Segoe UI", "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1040px; margin: 0 auto; padding: 24px 28px 48px; background: #fff; }
h1 { font-size: 26px; margin: 0 0 2px; } h2 { font-size: 18px; margin: 34px 0 8px; border-bottom: 1px solid #d8dbe0; }
p { margin: 6px 0 10px; max-width: 78ch; } .note { color: #555c66; font-size: 13.5px; }
.verdict { display: flex; flex-wrap: wrap; gap: 12px; margin: 16px 0 4px; }
.tile { flex: 1 1 170px; border: 1px solid #d8dbe0; border-radius: 6px; padding: 8px 12px; }
.tile b { display: block; font-size: 21px; font-weight: 600; } .tile span { color: #555c66; font-size: 13px; }
.tile.good { border-left: 5px solid #2e7d32; } .tile.bad { border-left: 5px solid #b3261e; }
.tile.open { border-left: 5px solid #8a8f98; }
table { border-collapse: collapse; margin: 8px 0; font-size: 14px; }
th, td { text-align: right; padding: 4px 12px; border-bottom: 1px solid #e3e5e8; vertical-align: top; }
td, th { white-space: nowrap; }
th { font-weight: 600; color: #444a52; } th:first-child, td:first-child { text-align: left; padding-left: 0; }
.limits td:last-child, .limits th:last-child {
  text-align: left; color: #555c66; white-space: normal; }
.pass { color: #2e7d32; font-weight: 600; } .fail { color: #b3261e; font-weight: 600; }
.pictures { display: grid; grid-template-columns: repeat(4, 1fr); gap: 6px; background: #14161a; padding: 6px; }
.pictures figure { margin: 0; display: flex; flex-direction: column; justify-content: space-between; }
.pictures img { width: 100%; display: block; margin: auto 0; }
.pictures figcaption { color: #cfd3d9; font-size: 12px; padding: 3px 2px; }
.columns { display: flex; flex-wrap: wrap; gap: 18px 28px; align-items: flex-start; }
.columns > div { flex: 1 1 440px; } .columns > div.narrow { flex: 0 1 340px; }
.map img { max-width: 320px; width: 100%; display: block; } .bar { height: 12px; max-width: 320px; }
.ends { display: flex; justify-content: space-between; max-width: 320px; font-size: 13px; color: #444a52; }
svg { max-width: 100%; height: auto; font: 12px sans-serif; fill: #333; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 3px 18px; margin: 8px 0; font-size: 14px; }
dt { color: #555c66; } dd { margin: 0; overflow-wrap: anywhere; }
code { font-size: 12.5px; overflow-wrap: anywhere; }
.warn { border-left: 4px solid #c2571a; background: #fdf3ec; padding: 6px 12px; margin: 8px 0; max-width: 78ch; }
.sign { display: grid; grid-template-columns: 2fr 1fr; gap: 30px 40px; margin-top: 34px; }
.sign div { border-top: 1px solid #333; padding-top: 3px; font-size: 13px; color: #444a52; }
@media print {
  body { background: #fff; font-size: 9pt; line-height: 1.35; } main { padding: 0; max-width: none; }
  h1 { font-size: 17pt; } h2 { font-size: 12pt; margin: 14pt 0 4pt; break-after: avoid; }
  section, tr, figure, .tile, .columns, .sign { break-inside: avoid; } p { margin: 3pt 0; max-width: none; }
  p.note { font-size: 8pt; }
  .verdict { flex-wrap: nowrap; } .tile { flex-basis: 0; } .tile b { font-size: 13pt; }
  table, dl { font-size: 8.5pt; } th, td { padding: 1.5pt 7pt; } code { font-size: 7.5pt; }
  .pictures { max-width: 165mm; } .columns { flex-wrap: nowrap; gap: 12pt; } .columns > div { flex: 1 1 0; }
  .columns > div.narrow { flex: 0 1 55mm; }
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
}
"""
