import pytest
from tests.integration.databases import *
from tests.integration.old_databases import *
from todo.adapters.postgres.adoption import Adoption
from todo.adapters.postgres.migrations import Migrations
from todo.adapters.postgres.address import DatabaseAddress

@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("tasks", ["SELECT", TASKS, TASKS_WITH_TIMES])
async def test_it(bare_database, shape, tasks):
    await fill(bare_database, SHAPES[shape], ROWS, tasks)
    before = await dump(bare_database)
    m = Migrations(DatabaseAddress.parse(bare_database))
    a = Adoption(m)
    plan = await a.survey()
    print(plan.made_by, plan.rows, plan.left_alone)
    for s in plan.steps: print(" ", s.text)
    print(plan.notes, plan.refusals)
    assert before == await dump(bare_database)
    print(await a.adopt(state=plan.state))
    assert await m.differences() == []
    assert (await a.survey()).kind == "ours"
