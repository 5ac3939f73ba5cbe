import type { AboutAnswer } from "../api/pages/types.ts";
import { formatBytes, formatCount, formatDuration } from "./format.ts";
import { Frame } from "./frame.tsx";
import { Services, Tables } from "./lake.tsx";
import { Answered, show } from "./page.tsx";
import { Empty, Facts, Lines } from "./text.tsx";
import { useFeed } from "./use-feed.ts";
import { useJson } from "./use-json.ts";
import { Verdict } from "./verdict.tsx";

function StatusPage() {
  const { feed, retry } = useFeed();
  const question = useJson<AboutAnswer>("/api/pages/about", feed.tables?.length);
  const now = feed.status?.at ?? 0;
  return (
    <Frame path="/status" connection={feed.connection} retry={retry}>
      <h1>Services and versions</h1>
      <Verdict feed={feed} />
      <div class="with-side">
        <div>
          <section>
            <h2>Tables of the lake</h2>
            <Tables tables={feed.tables} />
          </section>
          <Answered {...question} waiting="Asking for versions">
            {(about) => (
              <>
                <Versions about={about} now={now} />
                <Catalogues catalogues={about.catalogues} />
                <Modules modules={about.modules} />
              </>
            )}
          </Answered>
        </div>
        <aside>
          <section>
            <h2>Services</h2>
            <Services services={feed.status?.services} now={now} />
          </section>
        </aside>
      </div>
    </Frame>
  );
}

function Versions({ about, now }: { about: AboutAnswer; now: number }) {
  const { disk } = about;
  return (
    <section>
      <h2>Here</h2>
      <Facts
        facts={[
          ["Fink", about.version],
          ["Node", about.node],
          ["Pages up for", formatDuration(Math.max(0, now - about.startedAt))],
          ["Lake", about.lake],
          [
            "Disk",
            disk
              ? `${formatBytes(disk.freeBytes)} free of ${formatBytes(disk.totalBytes)}`
              : "not known",
          ],
          ["Surveys known", about.surveys.map((s) => s.name).join(", ")],
        ]}
      />
    </section>
  );
}

function Catalogues({ catalogues }: { catalogues: AboutAnswer["catalogues"] }) {
  return (
    <section>
      <h2>Catalogues</h2>
      {catalogues.length === 0 ? (
        <Empty>
          None was added. <code>./fink catalog add</code> makes one of a CSV, Parquet, FITS or
          VOTable file.
        </Empty>
      ) : (
        <Lines
          head={["Name", "Edition", "+Rows", "+Radius (″)"]}
          rows={catalogues.map((c) => [
            c.name,
            c.edition,
            formatCount(c.rows),
            String(c.radiusArcsec),
          ])}
        />
      )}
    </section>
  );
}

function Modules({ modules }: { modules: AboutAnswer["modules"] }) {
  return (
    <section>
      <h2>Science modules</h2>
      <Lines
        head={["Name", "Version", "Surveys", "What it does"]}
        rows={modules.map((m) => [m.name, m.version, m.surveys.join(", "), m.about])}
      />
    </section>
  );
}

show(<StatusPage />);
