import { render } from "preact";
import { Alerts } from "./alerts.tsx";
import { MainFigures } from "./figures.tsx";
import { Frame } from "./frame.tsx";
import { useCutoutLook } from "./cutout-look.tsx";
import { Tables } from "./lake.tsx";
import { useFeed } from "./use-feed.ts";
import { Verdict } from "./verdict.tsx";

function Now() {
  const { feed, retry } = useFeed();
  const { look, controls } = useCutoutLook();
  return (
    <Frame path="/" connection={feed.connection} retry={retry}>
      <h1>Fink keeps every alert that telescopes send of a changing sky, and shows it as it comes</h1>
      <Verdict feed={feed} />
      <MainFigures feed={feed} />
      <section>
        <header>
          <h2>Latest alerts</h2>
          {controls}
        </header>
        <Alerts alerts={feed.alerts} now={feed.status?.at ?? 0} look={look} layout="strip" />
      </section>
      <div class="halves">
        <section>
          <h2>Tables of the lake</h2>
          <Tables tables={feed.tables} />
        </section>
        <section>
          <h2>Where to go</h2>
          <WhereToGo />
        </section>
      </div>
    </Frame>
  );
}

function WhereToGo() {
  return (
    <dl class="ways">
      <dt>
        <a href="/live">Live</a>
      </dt>
      <dd>rates, latency, services and the last alerts, as they come</dd>
      <dt>
        <code>./fink query "SELECT count(*) FROM ztf.raw"</code>
      </dt>
      <dd>SQL over every alert ever archived</dd>
      <dt>
        <code>./fink ingest FOLDER</code>
      </dt>
      <dd>archive Avro files of your own</dd>
      <dt>
        <a href="/api/v1/status">/api/v1/status</a>, <a href="/api/v1/alerts/latest">/api/v1/alerts/latest</a>, <a href="/metrics">/metrics</a>,{" "}
        <a href="/healthz">/healthz</a>
      </dt>
      <dd>the same for programs and Prometheus</dd>
    </dl>
  );
}

render(<Now />, document.body);
