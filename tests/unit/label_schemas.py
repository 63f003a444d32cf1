"""The tables of every version of the label database that was ever released, as they were made then: copied, not imported, so
that what made old databases cannot change with the program. A new version is added here when it is released."""

RELEASED: list[list[str]] = [
    [  # 1: the log
        """CREATE TABLE label_events (
            id {identity}, uid TEXT NOT NULL UNIQUE, at BIGINT NOT NULL, annotator TEXT NOT NULL, dataset TEXT NOT NULL,
            clip_sha256 TEXT NOT NULL, clip_id TEXT NOT NULL, machine_id TEXT NOT NULL, kind TEXT NOT NULL, label TEXT,
            t0 {double}, t1 {double}, f0 {double}, f1 {double}, region_class TEXT, note TEXT, blind BOOLEAN,
            app_version TEXT NOT NULL, target TEXT, source TEXT NOT NULL)""",
        "CREATE INDEX label_events_clip ON label_events (clip_sha256, dataset, annotator)",
        "CREATE INDEX label_events_annotator ON label_events (annotator, dataset, id)",
        "CREATE INDEX label_events_dataset ON label_events (dataset, id)",
        "CREATE INDEX label_events_target ON label_events (target) WHERE target IS NOT NULL",
        "CREATE INDEX label_events_classes ON label_events (id) WHERE kind = 'classes'",
        "{append_only}",
    ],
    [  # 2: the current tables
        """CREATE TABLE label_current (
            dataset TEXT NOT NULL, clip_sha256 TEXT NOT NULL, annotator TEXT NOT NULL, clip_id TEXT NOT NULL,
            machine_id TEXT NOT NULL, label TEXT, note TEXT NOT NULL, at BIGINT NOT NULL, blind BOOLEAN,
            skipped BOOLEAN NOT NULL, source TEXT NOT NULL, event_id BIGINT NOT NULL,
            PRIMARY KEY (dataset, clip_sha256, annotator)) {clustered}""",
        "CREATE INDEX label_current_counts ON label_current (dataset, annotator, label, skipped)",
        "CREATE INDEX label_current_changes ON label_current (dataset, event_id)",
        """CREATE TABLE label_regions (
            uid TEXT NOT NULL PRIMARY KEY, dataset TEXT NOT NULL, clip_sha256 TEXT NOT NULL, annotator TEXT NOT NULL,
            clip_id TEXT NOT NULL, machine_id TEXT NOT NULL, t0 {double} NOT NULL, t1 {double} NOT NULL, f0 {double},
            f1 {double}, region_class TEXT NOT NULL, note TEXT NOT NULL, at BIGINT NOT NULL, blind BOOLEAN,
            source TEXT NOT NULL, event_id BIGINT NOT NULL)""",
        "CREATE INDEX label_regions_clip ON label_regions (dataset, clip_sha256, annotator)",
        """CREATE TABLE label_adjudicated (
            uid TEXT NOT NULL, dataset TEXT NOT NULL, clip_sha256 TEXT NOT NULL, clip_id TEXT NOT NULL,
            machine_id TEXT NOT NULL, label TEXT NOT NULL, annotator TEXT NOT NULL, note TEXT NOT NULL, at BIGINT NOT NULL,
            source TEXT NOT NULL, event_id BIGINT NOT NULL, PRIMARY KEY (dataset, clip_sha256))""",
    ],
    [  # 3: the queue from which a clip was labelled
        "ALTER TABLE label_events ADD COLUMN queue TEXT",
        "ALTER TABLE label_current ADD COLUMN queue TEXT",
    ],
    [  # 4: the audit log
        """CREATE TABLE audit_events (
            id {identity}, uid TEXT NOT NULL UNIQUE, at BIGINT NOT NULL, who TEXT NOT NULL, via TEXT NOT NULL,
            act TEXT NOT NULL, dataset TEXT NOT NULL, n_items BIGINT, detectors TEXT NOT NULL, note TEXT NOT NULL,
            app_version TEXT NOT NULL)""",
        "CREATE INDEX audit_events_at ON audit_events (at, id)",
        "{audit_append_only}",
    ],
    [
        """CREATE TABLE jobs (
            id {identity}, run TEXT NOT NULL UNIQUE, name TEXT NOT NULL, title TEXT NOT NULL, computer TEXT NOT NULL,
            started BIGINT NOT NULL, seen BIGINT NOT NULL, state TEXT NOT NULL, fraction {double} NOT NULL,
            message TEXT NOT NULL, description TEXT NOT NULL, losses TEXT NOT NULL, stops BIGINT NOT NULL)""",
        "CREATE INDEX jobs_latest ON jobs (name, id)",
    ],
]

WORDS = {
    "sqlite": {"identity": "INTEGER PRIMARY KEY AUTOINCREMENT", "double": "REAL", "clustered": "WITHOUT ROWID"},
    "postgresql": {
        "identity": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        "double": "DOUBLE PRECISION",
        "clustered": "",
    },
}
APPEND_ONLY = {
    "{append_only}": {
        "sqlite": [
            f"""CREATE TRIGGER label_events_no_{word.lower()} BEFORE {word} ON label_events
        BEGIN SELECT RAISE(ABORT, 'label_events is append-only'); END"""
            for word in ("UPDATE", "DELETE")
        ],
        "postgresql": [
            """CREATE FUNCTION label_events_refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'label_events is append-only'; END $$""",
            """CREATE TRIGGER label_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON label_events
        FOR EACH STATEMENT EXECUTE FUNCTION label_events_refuse()""",
        ],
    },
    "{audit_append_only}": {
        "sqlite": [
            f"""CREATE TRIGGER audit_events_no_{word.lower()} BEFORE {word} ON audit_events
        BEGIN SELECT RAISE(ABORT, 'audit_events is append-only'); END"""
            for word in ("UPDATE", "DELETE")
        ],
        "postgresql": [
            """CREATE FUNCTION audit_events_refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'audit_events is append-only'; END $$""",
            """CREATE TRIGGER audit_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events
        FOR EACH STATEMENT EXECUTE FUNCTION audit_events_refuse()""",
        ],
    },
}
