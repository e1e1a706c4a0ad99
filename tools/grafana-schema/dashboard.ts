// What a dashboard of ours may be, made of Grafana's own types: the panels that are used, each with its own options and
// field settings, and the queries of our data sources. JSON has the values of enums, and leaves out what has a default.
import type * as grafana from '@grafana/schema';
import type * as barGauge from '@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen';
import type * as cloudWatch from '@grafana/schema/dist/esm/raw/composable/cloudwatch/dataquery/x/CloudWatchDataQuery_types.gen';
import type * as gauge from '@grafana/schema/dist/esm/raw/composable/gauge/panelcfg/x/GaugePanelCfg_types.gen';
import type * as heatmap from '@grafana/schema/dist/esm/raw/composable/heatmap/panelcfg/x/HeatmapPanelCfg_types.gen';
import type * as logs from '@grafana/schema/dist/esm/raw/composable/logs/panelcfg/x/LogsPanelCfg_types.gen';
import type * as stat from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type * as stateTimeline from '@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen';
import type * as table from '@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen';
import type * as text from '@grafana/schema/dist/esm/raw/composable/text/panelcfg/x/TextPanelCfg_types.gen';
import type * as timeSeries from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

/** A type with enums replaced by their values, as JSON has them. */
type Json<T> = unknown extends T
  ? T
  : T extends string
    ? `${T}`
    : T extends number
      ? `${T}` extends `${infer N extends number}`
        ? N
        : never
      : T extends object
        ? { [K in keyof T]: Json<T[K]> }
        : T;

type Partially<T> = unknown extends T ? T : T extends object ? { [K in keyof T]?: Partially<T[K]> } : T;

interface FieldConfig<Custom> extends Omit<Json<grafana.FieldConfig>, 'custom'> {
  custom?: Partially<Json<Custom>>;
}

interface Panel<Type extends string, Options, Custom>
  extends Omit<Json<grafana.Panel>, 'type' | 'options' | 'fieldConfig' | 'targets'> {
  type: Type;
  options?: Partially<Json<Options>>;
  fieldConfig?: {
    defaults: FieldConfig<Custom>;
    overrides: Json<grafana.FieldConfigSource['overrides']>;
  };
  targets?: Query[];
}

type Source<Type extends string> = { type: Type; uid: string };

type Query =
  | (Omit<Json<cloudWatch.CloudWatchMetricsQuery>, 'queryMode'> & {
      datasource?: Source<'cloudwatch'>;
      queryMode: 'Metrics';
    })
  | (Omit<Json<cloudWatch.CloudWatchLogsQuery>, 'queryMode'> & {
      datasource?: Source<'cloudwatch'>;
      queryMode: 'Logs';
    })
  // InfluxDB in Flux and Jaeger: the package has no types of theirs.
  | {
      refId: string;
      datasource?: Source<'influxdb'> | Source<'jaeger'>;
      hide?: boolean;
      queryMode?: undefined;
      query?: string;
      queryType?: 'search';
      service?: string;
      operation?: string;
      tags?: string;
      minDuration?: string;
      maxDuration?: string;
      limit?: number;
    };

/** Panels whose options the package has no types of. */
type Untyped = 'alertlist' | 'traces';

type AnyPanel =
  | Panel<'bargauge', barGauge.Options, {}>
  | Panel<'gauge', gauge.Options, {}>
  | Panel<'heatmap', heatmap.Options, heatmap.FieldConfig>
  | Panel<'logs', logs.Options, {}>
  | Panel<'stat', stat.Options, {}>
  | Panel<'state-timeline', stateTimeline.Options, stateTimeline.FieldConfig>
  | Panel<'table', table.Options, table.FieldConfig>
  | Panel<'text', text.Options, {}>
  | Panel<'timeseries', timeSeries.Options, timeSeries.FieldConfig>
  | Panel<Untyped, Record<string, unknown>, Record<string, unknown>>;

type Row = Omit<Json<grafana.RowPanel>, 'panels' | 'type'> & { type: 'row'; panels: AnyPanel[] };

/** An annotation asks in the words of its data source; InfluxDB takes its query from beside `target`, too. */
type Annotation = Omit<Json<grafana.AnnotationQuery>, 'target'> & { target?: Record<string, unknown>; query?: string };

export type Dashboard = Omit<Json<grafana.Dashboard>, 'panels' | 'annotations'> & {
  panels: Array<AnyPanel | Row>;
  annotations?: { list?: Annotation[] };
};
