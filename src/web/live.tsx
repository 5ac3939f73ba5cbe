import { render } from "preact";
import { Alerts } from "./alerts.tsx";
import { AllFigures } from "./figures.tsx";
import { Frame } from "./frame.tsx";
import { useCutoutLook } from "./cutout-look.tsx";
import { Rejected, Services } from "./lake.tsx";
import { Rates } from "./rates.tsx";
import { Stages } from "./stages.tsx";
import { useFeed } from "./use-feed.ts";
import { Verdict } from "./verdict.tsx";

function Live() {
  const { feed, retry } = useFeed();
  const { look, controls } = useCutoutLook();
  const now = feed.status?.at ?? 0;
  return (
    <Frame path="/live" connection={feed.connection} retry={retry}>
      <h1>Live</h1>
      <Verdict feed={feed} />
      <AllFigures feed={feed} />
      <div class="with-side">
        <div>
          <section>
            <h2>From the telescope to the reader</h2>
            <Stages services={feed.status?.services} />
          </section>
          <section>
            <h2>Alerts/s, last 10 minutes</h2>
            <Rates history={feed.history} />
          </section>
          <section>
            <header>
              <h2>Last alerts</h2>
              {controls}
            </header>
            <Alerts alerts={feed.alerts} now={now} look={look} layout="grid" />
          </section>
        </div>
        <aside>
          <section>
            <h2>Services</h2>
            <Services services={feed.status?.services} now={now} />
          </section>
          <section>
            <h2>Rejected messages, newest first</h2>
            <Rejected rejected={feed.rejected} now={now} />
          </section>
        </aside>
      </div>
    </Frame>
  );
}

render(<Live />, document.body);
