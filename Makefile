# Эффективная школа. Все команды сами готовят себе окружение; активировать ничего не нужно.
SHELL := /bin/sh
.DEFAULT_GOAL := help

YEAR =
DATA = data/raw
PROCESSED = data/processed
REPORTS = reports
FORMS = $(REPORTS)/forms
CHECK = $(REPORTS)/check
METHODOLOGY =
MUNICIPALITY =
SCHOOL =
LAYOUTS = layouts
REGION =
JOBS =
SCHEDULER =
TIME_LIMIT = 600
MEMORY_LIMIT = 4096
SCALE = 1
FIRST =
SECOND =
PARAMETERS =
VENV = .venv
PYTHON =

KNOWN := YEAR DATA PROCESSED REPORTS FORMS CHECK METHODOLOGY MUNICIPALITY SCHOOL LAYOUTS REGION JOBS SCHEDULER TIME_LIMIT \
  MEMORY_LIMIT FIRST SECOND PARAMETERS VENV PYTHON SCALE
GIVEN := $(foreach name,$(.VARIABLES),$(if $(filter command,$(firstword $(origin $(name)))),$(name)))
UNKNOWN := $(filter-out $(KNOWN) MAKEFLAGS MAKEOVERRIDES -%,$(GIVEN))
ifneq ($(UNKNOWN),)
$(error Неизвестный параметр: $(UNKNOWN). Известные параметры: $(KNOWN))
endif

BIN = $(VENV)/bin
READY = $(VENV)/.effschool-ready
quote = '$(subst ','\'',$(1))'

.PHONY: help report pdf test lab view forms check audit public programme compare demo bench bulgaria format lint layers types unit reference lock clean

help: ## показать этот список
	@echo 'Эффективная школа. Команды:'
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)$$/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-17s %s\n", $$1, $$2 }'
	@echo 'Параметры, например: make report YEAR=2023 DATA=папка MUNICIPALITY="Название"'
	@echo '  $(KNOWN)'

report: $(READY) ## построить отчёты всех муниципалитетов; без данных создаёт демонстрационный регион
	@$(BIN)/python -m effschool report $(if $(filter data/raw,$(DATA)),--demo) --data $(call quote,$(DATA)) --processed $(call quote,$(PROCESSED)) \
	  --reports $(call quote,$(REPORTS)) --layouts $(call quote,$(LAYOUTS)) --methodology $(call quote,$(METHODOLOGY)) \
	  --region $(call quote,$(REGION)) --year $(call quote,$(YEAR)) --municipality $(call quote,$(MUNICIPALITY)) \
	  --jobs $(call quote,$(JOBS)) --scheduler $(call quote,$(SCHEDULER)) --time-limit $(call quote,$(TIME_LIMIT)) \
	  --memory-limit $(call quote,$(MEMORY_LIMIT)) --parameters $(call quote,$(PARAMETERS))

pdf: report ## напечатать отчёты в PDF (нужен браузер Chromium, Chrome или Edge)
	@$(BIN)/python -m effschool pdf --reports $(call quote,$(REPORTS)) --year $(call quote,$(YEAR)) \
	  --municipality $(call quote,$(MUNICIPALITY))

test: format lint layers types unit ## проверить оформление, слои, типы и выполнить все тесты

lab: $(READY) ## открыть тетради в JupyterLab, по-русски
	@$(BIN)/python -m effschool lab

view: $(READY) ## показать панели в браузере без JupyterLab, только на этой машине
	@$(BIN)/python -m effschool view

demo: $(READY) ## создать демонстрационный регион, если папка data/raw пуста
	@$(BIN)/python -m effschool demo data/raw

forms: $(READY) ## формы для ОМСУ, по книге на муниципалитет: make forms YEAR=2024
	@if [ $(call quote,$(DATA)) = data/raw ]; then $(BIN)/python -m effschool demo data/raw; fi
	@$(BIN)/python -m effschool forms --data $(call quote,$(DATA)) --layouts $(call quote,$(LAYOUTS)) \
	  --year $(call quote,$(YEAR)) --out $(call quote,$(FORMS))

check: $(READY) ## проверить присланные формы: протокол каждому ОМСУ и сводка института
	@if [ $(call quote,$(DATA)) = data/raw ]; then $(BIN)/python -m effschool demo data/raw; fi
	@$(BIN)/python -m effschool check --data $(call quote,$(DATA)) --layouts $(call quote,$(LAYOUTS)) \
	  --methodology $(call quote,$(METHODOLOGY)) --year $(call quote,$(YEAR)) --out $(call quote,$(CHECK))

audit: report ## книга Excel, в которой каждое число списков проверяется формулой
	@$(BIN)/python -m effschool audit --processed $(call quote,$(PROCESSED)) --reports $(call quote,$(REPORTS))

public: $(READY) ## числа школ для сайта, малые скрыты (папка reports/<год>/public); после make report
	@$(BIN)/python -m effschool public --processed $(call quote,$(PROCESSED)) --reports $(call quote,$(REPORTS)) \
	  --year $(call quote,$(YEAR))

programme: $(READY) ## черновики программ школ из списков (папка reports/programmes); SCHOOL=код — одной школы; после make report
	@$(BIN)/python -m effschool programme --processed $(call quote,$(PROCESSED)) --reports $(call quote,$(REPORTS)) \
	  --year $(call quote,$(YEAR)) --municipality $(call quote,$(MUNICIPALITY)) --school $(call quote,$(SCHOOL))

compare: $(READY) ## почему изменились списки между двумя прогонами (FIRST, SECOND; без них — последние два)
	@$(BIN)/python -m effschool compare --processed $(call quote,$(PROCESSED)) --reports $(call quote,$(REPORTS)) \
	  --first $(call quote,$(FIRST)) --second $(call quote,$(SECOND))

bulgaria: $(READY) ## пример другого региона: открытые данные Болгарии (папка DATA)
	@$(MAKE) --no-print-directory report DATA=$(call quote,$(if $(filter command,$(firstword $(origin DATA))),$(DATA),../shared/data/bg-mon)) \
	  PROCESSED=examples/bulgaria/processed REPORTS=examples/bulgaria/reports LAYOUTS=examples/bulgaria/layouts \
	  METHODOLOGY=examples/bulgaria/methodology.yml REGION=examples/bulgaria/region.yml PARAMETERS=programme_files=нет YEAR=$(call quote,$(YEAR)) JOBS=$(call quote,$(JOBS))

bench: $(READY) ## измерить время и память прогона; SCALE=10 и SCALE=85 — регион во столько раз больше
	@$(BIN)/python bench/year.py --scale $(call quote,$(SCALE))
	@if [ $(call quote,$(SCALE)) = 1 ]; then for part in profile identification certainty dynamics effects doubt reading tasks panels; do \
	  $(BIN)/python bench/$$part.py || exit 1; done; fi

format: $(READY) ## проверить оформление кода
	@$(BIN)/ruff format --check --quiet lib tests bench

lint: $(READY) ## проверить код и тетради
	@$(BIN)/ruff check --quiet lib tests bench notebooks

layers: $(READY) ## проверить, что комнаты берут только из нижних (правило — в pyproject.toml)
	@$(BIN)/lint-imports --no-cache --no-logo

types: $(READY) ## проверить типы
	@$(BIN)/mypy --no-error-summary

unit: $(READY) ## выполнить тесты
	@$(BIN)/python -m pytest

reference: $(READY) ## составить docs/reference.md заново: таблицы и ключи файлов настройки
	@$(BIN)/python -m effschool.lab.reference

lock: ## обновить requirements.txt (нужен uv)
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --upgrade --custom-compile-command 'make lock' --output-file requirements.txt
	echo uv | uv pip compile - --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --upgrade --custom-compile-command 'make lock' --output-file .ci/uv.txt

clean: ## удалить отчёты и промежуточные таблицы; исходные данные и сохранённые прогоны остаются
	rm -rf data/processed/contract data/processed/dynamics data/processed/notebooks data/processed/stamps
	rm -f data/processed/*.parquet data/processed/*.json data/processed/.lock
	rm -rf data/scratch
	find reports -mindepth 1 ! -name README.md -delete

# The stamp is newer than the lock once everything in it is installed; an interrupted installation leaves no stamp.
$(READY): requirements.txt pyproject.toml .ci/uv.txt
	@sh .ci/environment '$(VENV)' '$(PYTHON)'
	@if git rev-parse --git-dir >/dev/null 2>&1; then \
	  git config filter.effschool-notebooks.clean '$(BIN)/python -m effschool.base.notebooks'; fi
	@touch $@
