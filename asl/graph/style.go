package graph

// Style is the style sheet of pictures: light and dark by the
// reader's preference, calm for what did not happen, and the same classes that a
// page may style its own way.
const Style = `
.asl-graph{font:13px/1.3 system-ui,sans-serif;background:#fff;--ink:#1d2630;--soft:#5d6b7a;--line:#8794a3;--paper:#fff;--idle:#c3ccd6;
--running:#0b62c4;--succeeded:#1a7f4b;--failed:#c02f2f;--caught:#a35a00;--retrying:#a35a00;--waiting:#6b4fbb;--aborted:#5d6b7a}
@media (prefers-color-scheme:dark){.asl-graph{background:#12171d;--ink:#e6ebf1;--soft:#a3b0bf;--line:#6c7a8a;--paper:#1a2129;--idle:#3b4754;
--running:#6cb0ff;--succeeded:#5ecb93;--failed:#ff8a80;--caught:#f0b45c;--retrying:#f0b45c;--waiting:#b8a3ff;--aborted:#a3b0bf}}
.asl-graph text{text-anchor:middle;fill:var(--ink)}
.asl-graph .name{font-weight:600}
.asl-graph .detail{font-size:11px;fill:var(--soft)}
.asl-graph .sign{font-size:11px;fill:var(--state)}
.asl-graph .node{--state:var(--idle)}
.asl-graph .node rect{fill:var(--paper);stroke:var(--state);stroke-width:1.5}
.asl-graph .node:not(.idle)>rect{stroke-width:2.5}
.asl-graph .box>rect{fill-opacity:.5}
.asl-graph .branch{fill:none;stroke:var(--idle);stroke-dasharray:2 4}
.asl-graph .mark circle{fill:var(--line)}
.asl-graph .edge path{stroke:var(--line);stroke-width:1.3}
.asl-graph .edge text{font-size:11px;fill:var(--soft);paint-order:stroke;stroke:var(--paper);stroke-width:4px}
.asl-graph .catch path{stroke-dasharray:5 4}
.asl-graph marker path{fill:var(--line)}
.asl-graph .running{--state:var(--running)}.asl-graph .succeeded{--state:var(--succeeded)}
.asl-graph .failed{--state:var(--failed)}.asl-graph .caught{--state:var(--caught)}
.asl-graph .retrying{--state:var(--retrying)}.asl-graph .waiting{--state:var(--waiting)}
.asl-graph .aborted{--state:var(--aborted)}
`
