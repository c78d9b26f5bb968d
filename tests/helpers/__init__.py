"""What tests share: shops to build, servers to talk to, the project on a state of its own.

Which shop for what, the cheapest first:

    lake.LakeOfOneFeed (fixture lake_of)        ingest: one feed into one raw table; no dbt
    audited.Audited, diffed.Sides               audit, diff: handmade warehouses and manifests; no dbt
    refused.OneFeedShop                         quarantine: one feed with refused rows and a handmade mart; no dbt
    lab.tiny_releases.ReleaseShop               publish, roll back, prune: `shop_in(folder).published()` makes a release; no dbt
    candidates.SalesShop                        build, verify, pull requests: four models that dbt builds, in git; the fixture
                                                `story` of tests/integration/candidate is one with a release and a candidate
    workflow_shop.lay_out                       workflows: this repository, cut down to two marts
    small_shop.DELIVERED                        this project's models on four orders, in which nearly every rule is broken
    built_shops.faulty_shop, clean_shop         the demo shop, built once in a test run; `copied_to` gives a copy to change
    project.Project                             this project's models on any data, e.g. that of `sluice demo`
"""
