/* Search and buttons by list above long tables of schools. The controls are made here, so that where no script runs
   there are none; a row that was not found is hidden on screens alone (page.css). For old browsers too: ES5. */
(function () {
  "use strict";

  function fold(text) {
    return text.toLowerCase().replace(/ё/g, "е").replace(/[\s\u00ad«»„“"]/g, "");
  }

  function add(parent, kind, text) {
    var part = document.createElement(kind);
    part.textContent = text;
    return parent.appendChild(part);
  }

  function say(shown, all) {
    var one = function (number) { return number % 10 === 1 && number % 100 !== 11; };
    return (one(shown) ? "Показана " : "Показано ") + shown + " из " + all + (one(all) ? " школы" : " школ");
  }

  /* One or two digits are a whole number of the name, since they are part of almost every code. */
  function matches(row, asked) {
    var number = /^\d{1,2}$/.test(asked) && new RegExp("(^|\\D)" + asked + "(\\D|$)");
    return number ? number.test(row.name) : (row.name + "|" + row.also).indexOf(asked) >= 0;
  }

  function control(box) {
    var rows = [].map.call(box.querySelectorAll("tbody tr"), function (element) {
      return {
        element: element,
        name: fold(element.cells[0].textContent),
        also: fold(element.getAttribute("data-also")),
        lists: "," + fold(element.getAttribute("data-named")) + ","
      };
    });
    var bar = box.parentNode.insertBefore(document.createElement("div"), box);
    var input = add(add(bar, "label", "Найти школу "), "input", "");
    var buttons = [], chosen = "";

    function isOn(row, list) {
      return !list || row.lists.indexOf("," + fold(list) + ",") >= 0;
    }

    function update() {
      var shown = rows.filter(function (row) {
        var isShown = isOn(row, chosen) && matches(row, fold(input.value));
        row.element.className = isShown ? "" : "unfound";
        return isShown;
      });
      buttons.forEach(function (button) { button.element.setAttribute("aria-pressed", String(button.list === chosen)); });
      status.textContent = say(shown.length, rows.length);
    }

    function choose(list) {
      chosen = list;
      update();
    }

    [""].concat(JSON.parse(box.getAttribute("data-lists"))).forEach(function (list) {
      var number = rows.filter(function (row) { return isOn(row, list); }).length;
      if (!number) { return; }
      var button = add(bar, "button", (list || "Все") + ": " + number);
      button.type = "button";
      button.setAttribute("aria-pressed", String(!list));
      button.onclick = function () { choose(list); };
      buttons.push({element: button, list: list});
    });
    var status = add(bar, "p", "");
    status.setAttribute("role", "status");
    status.setAttribute("aria-live", "polite");
    bar.className = "filter";
    bar.setAttribute("role", "group");
    bar.setAttribute("aria-label", "Поиск: " + box.getAttribute("aria-label"));
    input.type = "search";
    input.autocomplete = "off";
    input.oninput = update;
    bar.onkeydown = function (event) {
      if (event.key === "Escape" || event.key === "Esc") {
        input.value = "";
        choose("");
      }
    };
  }

  [].forEach.call(document.querySelectorAll("[data-lists]"), control);
})();
